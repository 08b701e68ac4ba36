/// Token strings as the file spells them, to ids and back, keyed on bytes.
struct Vocabulary: Sendable {
  private var table: ByteTable
  /// Spelling by id; nil where no token has the id.
  private var spellings: [[UInt8]?] = []

  /// Ids lie below this, so that a lying file cannot ask for a huge table.
  static let idMax = 4_194_304

  init(minimumCapacity: Int) {
    table = ByteTable(minimumCapacity: min(minimumCapacity, Self.idMax))
  }

  /// One more than the largest id.
  var count: Int { spellings.count }

  /// Adds a token, or says why it cannot be.
  mutating func add(_ spelling: [UInt8], id: Int) -> String? {
    let name = String(decoding: spelling.prefix(64), as: UTF8.self)
    guard (0 ..< Self.idMax).contains(id) else {
      return "token \"\(name)\" has the id \(id); ids lie in 0 ..< \(Self.idMax)"
    }
    guard id >= spellings.count || spellings[id] == nil else {
      return "two tokens have the id \(id)"
    }
    guard table.insert(spelling, value: Int32(id)) else {
      return "token \"\(name)\" appears twice"
    }
    while spellings.count <= id { spellings.append(nil) }
    spellings[id] = spelling
    return nil
  }

  func id(of spelling: [UInt8]) -> Int32? { table.value(of: spelling) }

  func spelling(of id: Int32) -> [UInt8]? {
    spellings.indices.contains(Int(id)) ? spellings[Int(id)] : nil
  }
}

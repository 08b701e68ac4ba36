/// Token strings as the file spells them, to ids and back, keyed on bytes.
struct Vocabulary: Sendable {
  private var table: ByteTable
  /// Spelling by id; nil where no token has the id.
  private var spellings: [[UInt8]?] = []

  /// Ids lie below this, whatever the file holds.
  static let idMax = 4_194_304
  /// Ids without a token that a file may leave, beyond three for every token that it has.
  static let holesMax = 4_096

  /// Ids lie below this, so that one lying id cannot ask for a huge table.
  private let idLimit: Int

  /// A vocabulary that is to hold `tokensCount` tokens.
  init(tokensCount: Int) {
    let count = min(tokensCount, Self.idMax)
    table = ByteTable(minimumCapacity: count)
    idLimit = min(4 * count + Self.holesMax, Self.idMax)
  }

  /// One more than the largest id.
  var count: Int { spellings.count }

  /// Adds a token, or says why it cannot be.
  mutating func add(_ spelling: [UInt8], id: Int) -> String? {
    let name = String(decoding: spelling.prefix(64), as: UTF8.self)
    guard (0 ..< idLimit).contains(id) else {
      return "token \"\(name)\" has the id \(id); ids lie in 0 ..< \(idLimit)"
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

internal import Models
internal import Tensors

/// A new file of JSON Lines, hashed as it is written.
struct HashedLines {
  /// Bytes that are written at a time.
  private static let chunkBytes = 1 << 20

  private let file: NewFile
  private let path: String
  private var hash = SHA256()
  private var pending: [UInt8] = []

  init(path: String) throws(DatasetError) {
    self.path = path
    file = try blamingFile { () throws(TensorsError) in try NewFile(path: path) }
  }

  mutating func write(_ line: JSON) throws(DatasetError) {
    pending += line.text(depth: 2)
    pending.append(UInt8(ascii: "\n"))
    if pending.count >= Self.chunkBytes { try flush() }
  }

  /// Waits until it is on the disk.
  ///
  /// - Returns: its SHA-256.
  mutating func finish() throws(DatasetError) -> String {
    try flush()
    let file = file
    try blamingFile { () throws(TensorsError) in try file.finish() }
    return hash.finish()
  }

  private mutating func flush() throws(DatasetError) {
    let bytes = pending
    pending = []
    hash.update(bytes.span)
    do {
      try file.write(bytes.span)
    } catch {
      throw DatasetError(path: path, reason: error.reason)
    }
  }
}

extension Dataset {
  /// The examples as JSON Lines with `text`, `pair` where there is one, and `label`: a name, or names where `isMultiple`.
  ///
  /// - Parameters:
  ///   - path: there must be no such file.
  ///   - isMultiple: whether labels are written as arrays.
  /// - Returns: the file's SHA-256.
  /// - Throws: `DatasetError` if the system refuses.
  func write(to path: String, isMultiple: Bool) throws(DatasetError) -> String {
    var file = try HashedLines(path: path)
    for item in items {
      var members = [JSON.Member("text", .text(item.text))]
      if let pair = item.pair { members.append(JSON.Member("pair", .text(pair))) }
      let names = item.labels.map { JSON.text(labels.names[$0]) }
      if isMultiple {
        members.append(JSON.Member("label", .array(names)))
      } else if let name = names.first {
        members.append(JSON.Member("label", name))
      }
      try file.write(.object(members))
    }
    return try file.finish()
  }
}

extension JSON {
  /// A string of these characters.
  static func text(_ text: String) -> JSON { .string(Array(text.utf8)) }
}

extension JSON.Member {
  /// A key in characters and its value.
  init(_ key: String, _ value: JSON) { self.init(key: Array(key.utf8), value: value) }
}

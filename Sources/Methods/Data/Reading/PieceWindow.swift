internal import Tensors

/// The part of a file that is being read; what has been read is forgotten.
struct PieceWindow {
  let path: String
  private let file: SequentialFile
  /// What is in memory; it begins to be unread at `start`.
  private(set) var bytes: [UInt8] = []
  private(set) var start = 0
  /// Whether the file has no more than what is in memory.
  private(set) var isEnd = false

  /// Opens a file.
  ///
  /// - Throws: `DatasetError` if there is none, or it is a folder.
  init(path: String) throws(DatasetError) {
    self.path = path
    file = try blamingFile { () throws(TensorsError) in try SequentialFile(path: path) }
  }

  /// Bytes in memory that have not been read.
  var count: Int { bytes.count - start }

  /// Reads on until `wanted` bytes are in memory, or the file ends.
  mutating func fill(to wanted: Int) throws(DatasetError) {
    bytes.removeFirst(start)
    start = 0
    while !isEnd, bytes.count < wanted {
      do {
        isEnd = try file.read(onto: &bytes, upTo: wanted - bytes.count) == 0
      } catch {
        throw DatasetError(path: path, reason: error.reason)
      }
    }
  }

  /// Passes over bytes in memory.
  ///
  /// - Returns: how many line feeds are among them.
  mutating func drop(_ count: Int) -> Int {
    precondition(count <= self.count, "\(count) of \(self.count) bytes")
    var lines = 0
    for index in start ..< start + count where bytes[index] == UInt8(ascii: "\n") { lines += 1 }
    start += count
    return lines
  }

  /// Bytes up to the next line feed and with it, or nil if none is in memory.
  var lineCount: Int? {
    var index = start
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") { return index + 1 - start }
      index += 1
    }
    return nil
  }
}

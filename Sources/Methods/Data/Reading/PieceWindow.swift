internal import Foundation

/// The part of a file that is being read; what has been read is forgotten.
struct PieceWindow {
  let path: String
  private let handle: FileHandle
  /// What is in memory; it begins to be unread at `start`.
  private(set) var bytes: [UInt8] = []
  private(set) var start = 0
  /// Whether the file has no more than what is in memory.
  private(set) var isEnd = false

  /// Opens a file.
  ///
  /// - Throws: `DatasetError` if there is none, or it is a folder.
  init(path: String) throws(DatasetError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw DatasetError(path: path, reason: "there is no such file")
    }
    guard (try? FileManager.default.contentsOfDirectory(atPath: path)) == nil else {
      throw DatasetError(path: path, reason: "is a folder, not a file")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw DatasetError(path: path, reason: "cannot be opened for reading")
    }
    self.path = path
    self.handle = handle
  }

  /// Bytes in memory that have not been read.
  var count: Int { bytes.count - start }

  /// Reads on until `wanted` bytes are in memory, or the file ends.
  mutating func fill(to wanted: Int) throws(DatasetError) {
    bytes.removeFirst(start)
    start = 0
    while !isEnd, bytes.count < wanted {
      do {
        let piece = try handle.read(upToCount: wanted - bytes.count) ?? Data()
        bytes.append(contentsOf: piece)
        isEnd = piece.isEmpty
      } catch {
        throw DatasetError(path: path, reason: "cannot be read: \(error.localizedDescription)")
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

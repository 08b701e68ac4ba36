import Foundation

/// Measured accuracy, kept for `make bench` to write into docs/BENCHMARKS.md.
public enum Figures {
  /// Appends a line to `.cache/figures.txt`: name, value and what it was measured on.
  public static func record(_ name: String, _ value: String, _ detail: String) {
    let folder = "\(Repository.root)/.cache"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/figures.txt"
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    guard let file = FileHandle(forWritingAtPath: path) else { return }
    _ = try? file.seekToEnd()
    try? file.write(contentsOf: Data("\(name)\t\(value)\t\(detail)\n".utf8))
    try? file.close()
  }
}

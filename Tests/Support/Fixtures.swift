import Foundation

/// Files under Tests/Fixtures.
public enum Fixtures {
  /// Where the fixture `relative` lies.
  public static func path(_ relative: String) -> String {
    "\(Repository.root)/Tests/Fixtures/\(relative)"
  }

  /// The bytes of any file; empty if it cannot be read.
  public static func bytes(_ path: String) -> [UInt8] {
    FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
  }

  /// Whether `path` is a folder.
  public static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}

/// A folder that goes, with all it holds, when the last reference to it goes.
public final class TemporaryFolder: Sendable {
  /// Where it lies.
  public let path: String

  /// Makes an empty folder.
  public init() throws {
    let name = "mete-tests-\(UUID().uuidString)"
    path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  /// Writes `bytes` to the file `name`, over what was there, and gives its path.
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Copies every file of `folder` here, directories included.
  public func copy(contentsOf folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(path)/\(name)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

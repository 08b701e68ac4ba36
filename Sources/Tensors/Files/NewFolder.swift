internal import Glibc

/// A folder that is filled beside its place and comes to it whole, by one rename.
public struct NewFolder: Sendable {
  /// Where it will lie.
  public let target: String
  /// Where it is filled meanwhile, on the same file system.
  public let path: String

  /// Makes an empty folder beside `target`.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  public init(target: String) throws(TensorsError) {
    self.target = target
    path = placeBeside(target)
    try Self.make(path)
  }

  /// Where this process fills a folder that will lie at `target`.
  public static func path(for target: String) -> String { placeBeside(target) }

  /// Makes an empty folder.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  public static func make(_ path: String) throws(TensorsError) {
    guard mkdir(path, 0o755) == 0 else {
      throw TensorsError(code: errno == EEXIST ? .exists : .create, path: path, errno: errno)
    }
  }

  /// Waits until the names in a folder are on the disk.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  public static func sync(_ path: String) throws(TensorsError) {
    let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw TensorsError(code: .open, path: path, errno: errno) }
    defer { close(descriptor) }
    guard retrying({ fsync(descriptor) }) == 0 else {
      throw TensorsError(code: .write, path: path, errno: errno)
    }
  }

  /// Moves the folder to its place.
  ///
  /// - Parameter replacing: whether it changes places with the folder that is there, which lies at `path` afterwards;
  ///   otherwise there must be none.
  /// - Throws: `TensorsError`; then both are as they were.
  public func publish(replacing: Bool) throws(TensorsError) {
    try Self.sync(path)
    try move(path, to: target, replacing: replacing)
  }
}

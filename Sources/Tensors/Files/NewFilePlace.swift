/// The place of a file that is written beside it and comes to it whole, by one rename.
public struct NewFilePlace: Sendable {
  /// Where it will lie.
  public let target: String
  /// Where a `NewFile` is to be written meanwhile, on the same file system.
  public let path: String

  /// Makes nothing yet.
  public init(target: String) {
    self.target = target
    path = placeBeside(target)
  }

  /// Moves the file to its place, where there must be none; it is on the disk already.
  ///
  /// - Throws: `TensorsError`; then it is still at `path`.
  public func publish() throws(TensorsError) { try move(path, to: target, replacing: false) }
}

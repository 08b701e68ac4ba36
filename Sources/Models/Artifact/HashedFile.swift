public import Tensors

/// A new file of an artifact, hashed as it is written.
final class HashedFile {
  private let path: String
  private let file: NewFile
  private var hash = SHA256()
  private var count = 0

  init(path: String) throws(FormatError) {
    self.path = path
    file = try blaming { () throws(TensorsError) in try NewFile(path: path) }
  }

  func write(_ bytes: Span<UInt8>) throws(FormatError) {
    hash.update(bytes)
    count += bytes.count
    do { try file.write(bytes) } catch { throw FormatError(path: path, reason: error.reason) }
  }

  /// Waits until it is on the disk.
  ///
  /// - Parameter name: its path inside the artifact.
  /// - Returns: its entry.
  /// - Throws: `FormatError` if the system refuses.
  func finish(_ name: String) throws(FormatError) -> Manifest.File {
    try blaming { () throws(TensorsError) in try file.finish() }
    return Manifest.File(name: name, bytes: count, sha256: hash.finish())
  }
}

/// Puts the system's reason into a `FormatError`.
///
/// - Parameter body: works on files.
/// - Returns: what `body` returns.
/// - Throws: `FormatError` with the path and the reason of what `body` throws.
public func blaming<Result>(_ body: () throws(TensorsError) -> Result) throws(FormatError) -> Result
{
  do { return try body() } catch { throw FormatError(path: error.path, reason: error.reason) }
}

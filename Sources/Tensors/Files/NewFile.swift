internal import Glibc

/// A file that is being written, and is on the disk once `finish` has returned.
///
/// Owned by one thread; not Sendable.
public final class NewFile {
  private let path: String
  private var descriptor: Int32

  /// Makes the file; there must be none of that name.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  public init(path: String) throws(TensorsError) {
    self.path = path
    descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
    guard descriptor >= 0 else {
      throw TensorsError(code: errno == EEXIST ? .exists : .create, path: path, errno: errno)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Writes bytes after those that are there.
  ///
  /// - Throws: `TensorsError` if the system refuses, such as when the disk is full.
  public func write(_ bytes: Span<UInt8>) throws(TensorsError) { try write(raw: bytes.bytes) }

  /// Writes float32 numbers, the lowest byte of each first.
  ///
  /// - Throws: `TensorsError` if the system refuses, such as when the disk is full.
  public func write(_ values: Span<Float>) throws(TensorsError) {
    precondition(
      1.littleEndian == 1,
      "numbers lie in memory as in files only where the lowest byte comes first"
    )
    try write(raw: values.bytes)
  }

  private func write(raw bytes: RawSpan) throws(TensorsError) {
    var written = 0
    while written < bytes.byteCount {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw TensorsError(code: .write, path: path, errno: errno) }
      written += count
    }
  }

  /// Waits until everything is on the disk, and closes the file.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  public func finish() throws(TensorsError) {
    let failed = retrying { fsync(descriptor) } != 0
    let code = errno
    close(descriptor)
    descriptor = -1
    guard !failed else { throw TensorsError(code: .write, path: path, errno: code) }
  }
}

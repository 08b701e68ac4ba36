internal import Glibc

/// A file that is read from its beginning to its end, piece by piece.
///
/// Unlike a mapped file it may be cut short meanwhile: then it ends there. Owned by one thread; not Sendable.
public final class SequentialFile {
  private let path: String
  private let descriptor: Int32

  /// Opens a file.
  ///
  /// - Parameter path: anything but a folder; a pipe waits for its writer.
  /// - Throws: `TensorsError` if the system refuses.
  public init(path: String) throws(TensorsError) {
    self.path = path
    descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw TensorsError(code: .open, path: path, errno: errno) }
    var status = stat()
    guard retrying({ fstat(descriptor, &status) }) == 0 else {
      throw TensorsError(code: .measure, path: path, errno: errno)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw TensorsError(code: .open, path: path, errno: EISDIR)
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit { close(descriptor) }

  /// Reads the bytes that come next and puts them behind those of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: what is added to.
  ///   - count: how many at most, more than 0.
  /// - Returns: how many came; 0 at the end of the file.
  /// - Throws: `TensorsError` if the system refuses.
  public func read(onto bytes: inout [UInt8], upTo count: Int) throws(TensorsError) -> Int {
    precondition(count > 0, "\(count) bytes")
    let begin = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    var came = -1
    repeat {
      came = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + begin }, count)
      }
    } while came < 0 && errno == EINTR
    let code = errno
    bytes.removeLast(count - max(came, 0))
    guard came >= 0 else { throw TensorsError(code: .read, path: path, errno: code) }
    return came
  }
}

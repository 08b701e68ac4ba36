internal import Glibc

/// A file that could not be mapped or written: which one, why, and what the system said.
public struct TensorsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: String, Sendable {
    /// The system refused to open the file.
    case open = "cannot be opened"
    /// The system did not tell the file's size.
    case measure = "cannot be measured"
    /// A directory, socket, pipe or device.
    case notAFile = "is not a regular file"
    /// The file has no bytes.
    case empty = "is empty"
    /// The system refused to map the file.
    case map = "cannot be mapped into memory"
    /// The system refused to read.
    case read = "cannot be read"
    /// The system refused to make the file or folder.
    case create = "cannot be created"
    /// The system refused to write, or to bring what was written to the disk.
    case write = "cannot be written"
    /// A file or folder of that name is there already.
    case exists = "is there already"
    /// The system refused to move it to its place.
    case move = "cannot be moved to its place"
    /// The environment asks for kernels that this machine cannot run.
    case kernels = "names no kernels that this machine can run"
  }

  /// What went wrong.
  public var code: Code
  /// The file as the caller named it.
  public var path: String
  /// The `errno` of the failed call; 0 where no call failed.
  public var errno: Int32

  /// Blames `path` for `code`, with the `errno` of the failed call.
  public init(code: Code, path: String, errno: Int32 = 0) {
    self.code = code
    self.path = path
    self.errno = errno
  }

  /// Blames METE_KERNELS for naming a set that is not among `known`.
  static func unknownKernels(name: String, known: [String]) -> TensorsError {
    TensorsError(
      code: .kernels,
      path: "METE_KERNELS=\(name) (here: \(known.joined(separator: ", ")))"
    )
  }

  /// Whether there is no such file.
  public var isMissing: Bool { code == .open && errno == ENOENT }

  /// What is wrong, without the path: `cannot be opened (No such file or directory)`.
  public var reason: String {
    errno == 0 ? code.rawValue : "\(code.rawValue) (\(systemMessage(errno)))"
  }

  /// One line with the path.
  public var description: String { "\(path): \(reason)" }
}

import CFuzzer
import Glibc

/// A file in memory that is written anew for every input.
struct ScratchFile {
  let path: String
  private let descriptor: Int32

  /// A file without a name.
  init() {
    descriptor = memfd_create("mete-fuzz", 0)
    precondition(descriptor >= 0, "no file in memory: errno \(errno)")
    path = "/proc/self/fd/\(descriptor)"
  }

  /// A file at `path`.
  init(path: String) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "\(path) cannot be made: errno \(errno)")
  }

  func write(_ bytes: [UInt8]) {
    precondition(ftruncate(descriptor, 0) == 0, "errno \(errno)")
    let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    precondition(count == bytes.count, "wrote \(count) of \(bytes.count), errno \(errno)")
  }

  /// A new folder in `$TMPDIR`, which ought to be in memory; whoever set that cleans it up.
  static func folder() -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/dev/shm"
    var name = Array("\(parent)/mete-fuzz-XXXXXX".utf8CString)
    precondition(mkdtemp(&name) != nil, "no folder in \(parent): errno \(errno)")
    return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

internal import CKernels
internal import Glibc

/// Where this process makes what will lie at `target`: in the same folder, and so on the same file system.
func placeBeside(_ target: String) -> String { "\(target).new-\(getpid())" }

/// Moves a file or folder in one step, and waits until its new name is on the disk.
///
/// - Parameters:
///   - path: where it lies.
///   - target: where it shall lie, on the same file system.
///   - replacing: whether it changes places with what is there; otherwise there must be nothing.
/// - Throws: `TensorsError`; if it blames `target`, nothing was moved.
func move(_ path: String, to target: String, replacing: Bool) throws(TensorsError) {
  guard ck_move(path, target, replacing) == 0 else {
    throw TensorsError(code: errno == EEXIST ? .exists : .move, path: target, errno: errno)
  }
  try NewFolder.sync(parent(of: target))
}

/// The folder in which `path` lies.
func parent(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

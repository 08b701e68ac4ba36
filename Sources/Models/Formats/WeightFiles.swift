internal import Tensors

/// The mapped files that hold a checkpoint's weights.
struct WeightFiles: Sendable {
  let files: [MappedFile]

  /// Gives back the memory that reading them took.
  func forgetPages() { for file in files { file.forgetPages() } }

  /// The SHA-256 of all files, one after the other.
  func sha256() -> String {
    var hash = SHA256()
    for file in files {
      var start = 0
      while start < file.count {
        let end = min(start + 1 << 20, file.count)
        file.withBytes(start ..< end) { hash.update($0) }
        start = end
      }
      file.forgetPages()
    }
    return hash.finish()
  }
}

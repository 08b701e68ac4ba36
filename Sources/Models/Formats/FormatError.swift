/// A model file that is not what it claims to be: which file, where, and why.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it, or as a directory entry below what the user named.
  public var path: String
  /// Bytes from the start of the file, where one place is to blame.
  public var offset: Int?
  /// What is wrong, the limit if one was passed, and what to do about it.
  public var reason: String
  /// Whether only the tokenizer is to blame, for being of a kind that we do not know; the model may well
  /// be served without it.
  public var isUnknownTokenizer = false

  /// Blames `path`, at `offset` if one place is to blame.
  public init(path: String, offset: Int? = nil, reason: String) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  /// One line: `model.gguf: byte 24: claims 9 tensors …`.
  public var description: String {
    guard let offset else { return "\(path): \(reason)" }
    return "\(path): byte \(offset): \(reason)"
  }
}

/// Why text could not be tokenized as it came in.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of limit was passed.
  public enum Code: Sendable, Equatable {
    /// An unbroken run of text is longer than `StreamingTokenizer.runBytesMax`.
    case runTooLong
  }

  /// What went wrong.
  public var code: Code
  /// One sentence for whoever sent the text.
  public var reason: String

  /// Pairs a code with its sentence.
  public init(code: Code, reason: String) {
    self.code = code
    self.reason = reason
  }

  static func runTooLong(_ bytesMax: Int) -> TokenizerError {
    TokenizerError(
      code: .runTooLong,
      reason: "an unbroken run of text is longer than \(bytesMax) bytes (run_bytes_max)"
    )
  }

  /// The sentence.
  public var description: String { reason }
}

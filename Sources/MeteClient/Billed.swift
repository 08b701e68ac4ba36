public import Wire

/// An answer together with what it cost.
public struct Billed<Answer: Sendable>: Sendable {
  /// The answer.
  public let value: Answer

  /// What it cost.
  public let bill: Bill

  /// Puts an answer and its bill together.
  ///
  /// - Parameters:
  ///   - value: The answer.
  ///   - bill: What it cost.
  public init(_ value: Answer, bill: Bill) {
    self.value = value
    self.bill = bill
  }
}

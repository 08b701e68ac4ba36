/// Texts that run together, without padding: their rows lie one after the other.
public struct TokenBatch: Sendable, Equatable {
  /// Tokens of all texts.
  public private(set) var tokens: [Int] = []
  /// The segment of each token.
  public private(set) var types: [Int] = []
  /// The position of each token in its text.
  public private(set) var positions: [Int] = []
  /// Tokens of each text.
  public private(set) var lengths: [Int] = []

  /// No texts.
  public init() {}

  /// Adds a text.
  ///
  /// - Parameters:
  ///   - tokens: (T), at least one.
  ///   - types: (T), the segment of each; nil is 0.
  public mutating func add(_ tokens: [Int32], types: [Int32]? = nil) {
    precondition(!tokens.isEmpty, "a text of no tokens")
    precondition(types?.count ?? tokens.count == tokens.count, "\(types?.count ?? 0) types")
    self.tokens += tokens.map { Int($0) }
    self.types += types?.map { Int($0) } ?? [Int](repeating: 0, count: tokens.count)
    positions += tokens.indices
    lengths.append(tokens.count)
  }

  /// Rows of all texts.
  public var rows: Int { tokens.count }

  /// The first row of each text.
  public var firstRows: [Int] {
    var row = 0
    return lengths.map { length in
      defer { row += length }
      return row
    }
  }
}

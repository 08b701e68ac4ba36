/// A grid of numbers on a tape: (rows, columns).
///
/// Sequences of a batch lie one after the other in the rows, without padding. Owned by its tape's thread.
public final class Variable<Number: Real> {
  /// Tokens, texts, or what else is many.
  public let rows: Int
  /// Features.
  public let columns: Int
  let block: Block<Number>
  /// Whether a gradient will be asked for.
  let needsGradient: Bool
  private let pool: BlockPool<Number>
  private(set) var slope: Block<Number>?

  init(
    _ block: Block<Number>,
    rows: Int,
    columns: Int,
    needsGradient: Bool,
    pool: BlockPool<Number>,
    slope: Block<Number>? = nil
  ) {
    precondition(block.count == rows * columns, "\(block.count) numbers of (\(rows), \(columns))")
    self.block = block
    self.rows = rows
    self.columns = columns
    self.needsGradient = needsGradient
    self.pool = pool
    self.slope = slope
  }

  /// How many numbers it has.
  public var count: Int { rows * columns }

  /// A copy of its numbers, row after row.
  public var values: [Number] { block.values }

  /// A copy of its gradient, row after row; nil before there is one.
  public var gradient: [Number]? { slope?.values }

  /// The only number of a grid of one.
  public var scalar: Number {
    precondition(count == 1, "the scalar of (\(rows), \(columns))")
    return block.start[0]
  }

  var start: UnsafeMutablePointer<Number> { block.start }

  /// Where to add its gradient; nil if nobody asks for it.
  var target: UnsafeMutablePointer<Number>? {
    guard needsGradient else { return nil }
    if slope == nil { slope = pool.takeZeros(count) }
    return slope?.start
  }
}

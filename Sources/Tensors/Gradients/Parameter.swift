/// Numbers that are learned: (rows, columns).
///
/// Tapes of several threads read them at the same time; only an optimiser writes, and only between two steps.
public final class Parameter<Number: Real>: @unchecked Sendable {
  // The block never changes; its numbers are written while no tape runs, which is the optimiser's promise.

  /// What files call it.
  public let name: String
  /// Outputs of a linear map, rows of an embedding; 1 for a bias or a gain.
  public let rows: Int
  /// Inputs, or width.
  public let columns: Int
  /// Whether it stays as it is; then no gradient is computed for it.
  public var isFrozen = false
  let block: Block<Number>

  /// Takes `values`, row after row.
  public init(_ name: String, rows: Int, columns: Int, values: [Number]) {
    precondition(
      values.count == rows * columns,
      "\(values.count) values of \(name) (\(rows), \(columns))"
    )
    self.name = name
    self.rows = rows
    self.columns = columns
    block = Block(values)
  }

  /// How many numbers it has.
  public var count: Int { rows * columns }

  /// All numbers, row after row; setting them needs as many.
  public var values: [Number] {
    get { block.values }
    set {
      precondition(newValue.count == count, "\(newValue.count) values of \(name)")
      newValue.withUnsafeBufferPointer { source in
        if let address = source.baseAddress { block.start.update(from: address, count: count) }
      }
    }
  }
}

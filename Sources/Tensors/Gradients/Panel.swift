/// A grid inside of a larger one: what a matrix product reads and writes.
struct Panel<Number: Real> {
  let start: UnsafePointer<Number>
  let rows: Int
  let columns: Int
  /// Numbers from one row to the next, as they lie in memory.
  let stride: Int
  /// Whether `rows` and `columns` are those of the other way round than in memory.
  let isTransposed: Bool

  init(
    _ start: UnsafePointer<Number>,
    _ rows: Int,
    _ columns: Int,
    stride: Int? = nil,
    isTransposed: Bool = false
  ) {
    self.start = start
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? (isTransposed ? rows : columns)
    self.isTransposed = isTransposed
  }

  /// The same numbers, with rows and columns exchanged.
  var transposed: Panel {
    Panel(start, columns, rows, stride: stride, isTransposed: !isTransposed)
  }

  /// Writes self · other to `target`, or adds it.
  ///
  /// - Parameters:
  ///   - other: as many rows as we have columns.
  ///   - target: the first number of a grid of our rows and the other's columns.
  ///   - stride: numbers between two of its rows; its columns by default.
  ///   - adds: whether what `target` holds stays in the sum.
  func times(
    _ other: Panel,
    to target: UnsafeMutablePointer<Number>,
    stride: Int? = nil,
    adds: Bool = false
  ) {
    precondition(columns == other.rows, "(\(rows), \(columns)) · (\(other.rows), \(other.columns))")
    guard rows > 0, columns > 0, other.columns > 0 else { return }
    Number.loops.product(self, other, target, stride ?? other.columns, adds)
  }
}

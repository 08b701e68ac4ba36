/// Numbers in a grid: the values of the reference forward.
///
/// Plain, immutable in use, float32.
public struct Tensor: Sendable, Equatable {
  /// Outermost first.
  public let shape: [Int]
  /// Row after row; as many as the product of `shape`.
  public var values: [Float]

  /// Puts `values` into `shape`.
  public init(shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count,
      "\(values.count) values do not fill the shape \(shape)"
    )
    self.shape = shape
    self.values = values
  }

  /// Zeros in `shape`.
  public init(zeros shape: [Int]) {
    self.init(shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
  }

  /// The rows of `matrix` that `indices` pick, in their order: (indices, inputs).
  public init(rowsOf matrix: Matrix, at indices: [Int]) {
    self.init(shape: [indices.count, matrix.inputs], values: indices.flatMap(matrix.row))
  }

  /// Rows of a grid with two dimensions.
  public var rows: Int {
    precondition(shape.count == 2, "rows of the shape \(shape)")
    return shape[0]
  }

  /// Columns of a grid with two dimensions.
  public var columns: Int {
    precondition(shape.count == 2, "columns of the shape \(shape)")
    return shape[1]
  }

  /// One row of a grid with two dimensions.
  public func row(_ index: Int) -> [Float] {
    precondition(index >= 0 && index < rows, "row \(index) of the shape \(shape)")
    return Array(values[index * columns ..< (index + 1) * columns])
  }

  /// The columns in `range` of every row.
  public func columns(_ range: Range<Int>) -> Tensor {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= columns,
      "columns \(range) of \(shape)"
    )
    var picked: [Float] = []
    picked.reserveCapacity(rows * range.count)
    for row in 0 ..< rows {
      let start = row * columns
      picked.append(contentsOf: values[start + range.lowerBound ..< start + range.upperBound])
    }
    return Tensor(shape: [rows, range.count], values: picked)
  }

  /// Grids of equally many rows, side by side.
  public static func beside(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty, "beside: no parts")
    let rows = parts[0].rows
    var joined: [Float] = []
    for row in 0 ..< rows {
      for part in parts {
        precondition(part.rows == rows, "beside: \(parts[0].shape) and \(part.shape)")
        let start = row * part.columns
        joined.append(contentsOf: part.values[start ..< start + part.columns])
      }
    }
    return Tensor(shape: [rows, parts.reduce(0) { $0 + $1.columns }], values: joined)
  }
}

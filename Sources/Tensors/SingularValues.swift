/// A = U · diag(s) · Vᵀ, thin: a matrix as a sum of as many products of a column and a row as its shorter side has.
///
/// Values descend. The sign of every pair is fixed: the number of U's column that is largest in size, the first of
/// equals, is positive. Two runs on one machine agree bit by bit; another machine rounds differently, so that what must
/// be the same everywhere is stored.
public struct SingularValues<Number: Real>: Sendable, Equatable {
  /// Rows of A.
  public let rows: Int
  /// Columns of A.
  public let columns: Int
  /// How many there are: the smaller of rows and columns, or fewer after `leading`.
  public var count: Int { values.count }
  /// (count), descending, not negative.
  public let values: [Number]
  /// U: (rows, count), its columns orthonormal.
  public let left: [Number]
  /// Vᵀ: (count, columns), its rows orthonormal.
  public let right: [Number]

  /// Decomposes a matrix, by LAPACK's divide and conquer (gesdd).
  ///
  /// - Parameters:
  ///   - numbers: A, row after row.
  ///   - rows: at least 1.
  ///   - columns: at least 1.
  /// - Throws: if a number is not finite, or the iteration does not converge.
  /// - Complexity: O(rows · columns · min(rows, columns)).
  public init(of numbers: [Number], rows: Int, columns: Int) throws(SingularValuesError) {
    precondition(
      rows > 0 && columns > 0 && numbers.count == rows * columns,
      "\(numbers.count) numbers of (\(rows), \(columns))"
    )
    func failure(_ code: SingularValuesError.Code) -> SingularValuesError {
      SingularValuesError(code: code, rows: rows, columns: columns)
    }
    guard numbers.allSatisfy(\.isFinite) else { throw failure(.notFinite) }
    var scratch = numbers
    guard var factors = Number.loops.decompose(&scratch, rows, columns) else {
      throw failure(.notConverged)
    }
    factors.fixSigns(rows: rows, columns: columns)
    self.init(rows: rows, columns: columns, factors)
  }

  private init(rows: Int, columns: Int, _ factors: Factors<Number>) {
    self.rows = rows
    self.columns = columns
    values = factors.values
    left = factors.left
    right = factors.right
  }

  /// The `count` largest values with their columns and rows: the nearest matrix of that rank.
  public func leading(_ count: Int) -> SingularValues {
    precondition(count >= 0 && count <= self.count, "\(count) of \(self.count) values")
    var picked: [Number] = []
    picked.reserveCapacity(rows * count)
    for row in 0 ..< rows { picked += left[row * self.count ..< row * self.count + count] }
    let factors = Factors(
      values: Array(values.prefix(count)),
      left: picked,
      right: Array(right.prefix(count * columns))
    )
    return SingularValues(rows: rows, columns: columns, factors)
  }
}

/// A matrix that could not be decomposed.
public struct SingularValuesError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: String, Sendable {
    /// It holds a NaN or an infinity.
    case notFinite = "holds numbers that are not finite"
    /// LAPACK gave up.
    case notConverged = "does not converge to singular values"
  }

  /// What went wrong.
  public var code: Code
  /// Rows of the matrix.
  public var rows: Int
  /// Columns of the matrix.
  public var columns: Int

  /// One line with the shape.
  public var description: String { "a matrix of (\(rows), \(columns)) \(code.rawValue)" }
}

extension Tape {
  /// ‖Dᵢ aᵢ‖ of every block of a row, from the blocks' Gram matrices: √(aᵢᵀ Gᵢ aᵢ) with Gᵢ = Dᵢᵀ Dᵢ.
  ///
  /// How strong each expert's output is, without computing it: for experts of 16 neurons and rows of 384 numbers that takes
  /// a twenty-fourth of the work. No gradient goes through it.
  ///
  /// - Parameters:
  ///   - x: (rows, blocks · size).
  ///   - grams: (blocks · size, size), block after block.
  /// - Returns: (rows, blocks).
  public func blockNorms(_ x: Variable<Number>, grams: Variable<Number>) -> Variable<Number> {
    let size = grams.columns
    precondition(
      grams.rows == x.columns,
      "\(grams.rows) rows of Gram matrices, \(x.columns) columns"
    )
    let (rows, blocks) = (x.rows, x.columns / size)
    let y = make(rows, blocks, needsGradient: false)
    let turned = pool.take(rows * size)
    for block in 0 ..< blocks {
      let own = Panel<Number>(x.start + block * size, rows, size, stride: x.columns)
      let gram = Panel<Number>(grams.start + block * size * size, size, size)
      own.times(gram, to: turned.start)
      for row in 0 ..< rows {
        let square = loops.dot(turned.start + row * size, own.start + row * x.columns, size)
        // Rounding may leave a little less than nothing.
        y.start[row * blocks + block] = Number(max(0, Double(square)).squareRoot())
      }
    }
    return y
  }

  /// |x|, element by element.
  public func size(_ x: Variable<Number>) -> Variable<Number> {
    sum(curve(.relu, x), curve(.relu, scaled(x, by: -1)))
  }
}

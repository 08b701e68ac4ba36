extension Tape {
  /// Grids of equally many rows, side by side.
  ///
  /// - Returns: (rows, sum of the parts' columns).
  public func beside(_ parts: [Variable<Number>]) -> Variable<Number> {
    precondition(!parts.isEmpty, "no parts")
    let (rows, width) = (parts[0].rows, parts.reduce(0) { $0 + $1.columns })
    precondition(!parts.contains { $0.rows != rows }, "parts of \(parts.map(\.rows)) rows")
    let y = make(rows, width, needsGradient: parts.contains { $0.needsGradient })
    var column = 0
    for part in parts {
      for row in 0 ..< rows {
        let source = part.start + row * part.columns
        (y.start + row * width + column).update(from: source, count: part.columns)
      }
      column += part.columns
    }
    record(y) { [loops] dy in
      var column = 0
      for part in parts {
        if let target = part.target {
          for row in 0 ..< rows {
            let source = dy + row * width + column
            loops.addScaled(target + row * part.columns, source, 1, part.columns)
          }
        }
        column += part.columns
      }
    }
    return y
  }

  /// The columns in `range` of every row.
  public func columns(_ range: Range<Int>, of x: Variable<Number>) -> Variable<Number> {
    precondition(range.lowerBound >= 0 && range.upperBound <= x.columns, "\(range) of \(x.columns)")
    let (rows, width) = (x.rows, range.count)
    let y = result(rows, width, of: x)
    for row in 0 ..< rows {
      let source = x.start + row * x.columns + range.lowerBound
      (y.start + row * width).update(from: source, count: width)
    }
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      for row in 0 ..< rows {
        let place = target + row * x.columns + range.lowerBound
        loops.addScaled(place, dy + row * width, 1, width)
      }
    }
    return y
  }
}

extension Tape {
  /// Every number as often as `times`, beside itself; no gradient goes through it.
  ///
  /// - Returns: (rows, columns · times).
  public func repeated(_ x: Variable<Number>, times: Int) -> Variable<Number> {
    let y = make(x.rows, x.columns * times, needsGradient: false)
    for place in 0 ..< x.count {
      (y.start + place * times).update(repeating: x.start[place], count: times)
    }
    return y
  }
}

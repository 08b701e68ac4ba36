extension Tape {
  /// 1/m · Σⱼ exp(vⱼ) · xⱼ + b over m grids of logarithms: an exit's own and earlier opinions brought together.
  ///
  /// Wołczyk et al., "Zero Time Waste", arXiv:2106.05409.
  ///
  /// - Parameters:
  ///   - parts: logarithms of probabilities (`logSoftmax`), each (rows, classes); at least one.
  ///   - logWeights: v: (1, parts); not to be decayed, for 0 means a weight of 1.
  ///   - bias: b: (1, classes).
  /// - Returns: (rows, classes); its softmax is what the ensemble believes.
  public func geometricMean(
    _ parts: [Variable<Number>],
    logWeights: Variable<Number>,
    bias: Variable<Number>
  ) -> Variable<Number> {
    precondition(!parts.isEmpty && logWeights.count == parts.count, "\(logWeights.count) weights")
    let (rows, classes) = (parts[0].rows, parts[0].columns)
    precondition(bias.count == classes, "\(bias.count) biases of \(classes)")
    for part in parts {
      precondition(part.rows == rows && part.columns == classes, "(\(part.rows), \(part.columns))")
    }
    let isLearned = (parts + [logWeights, bias]).contains { $0.needsGradient }
    let y = make(rows, classes, needsGradient: isLearned)
    let shares = (0 ..< parts.count).map {
      Number(Self.exponential(Double(logWeights.start[$0])) / Double(parts.count))
    }
    y.start.clear(y.count)
    loops.addRow(y.start, bias.start, rows, classes)
    for (part, share) in zip(parts, shares) { loops.addScaled(y.start, part.start, share, y.count) }
    record(y) { [loops] dy in
      for (place, part) in parts.enumerated() {
        if let target = part.target { loops.addScaled(target, dy, shares[place], part.count) }
        if let target = logWeights.target {
          target[place] += shares[place] * Number(loops.dot(dy, part.start, part.count))
        }
      }
      if let target = bias.target { loops.addRows(target, dy, rows, classes) }
    }
    return y
  }
}

extension Tape {
  /// log(Σⱼ exp(vⱼ) · xⱼ + exp(b)) over m grids of probabilities: the ablation of `geometricMean`.
  ///
  /// Wołczyk et al., "Zero Time Waste", arXiv:2106.05409.
  ///
  /// - Parameters:
  ///   - parts: probabilities, each (rows, classes); at least one. No gradient goes to them.
  ///   - logWeights: v: (1, parts).
  ///   - bias: b: (1, classes).
  /// - Returns: (rows, classes); its softmax is what the ensemble believes.
  public func additiveMean(
    _ parts: [Variable<Number>],
    logWeights: Variable<Number>,
    bias: Variable<Number>
  ) -> Variable<Number> {
    precondition(!parts.isEmpty && logWeights.count == parts.count, "\(logWeights.count) weights")
    let (rows, classes) = (parts[0].rows, parts[0].columns)
    precondition(bias.count == classes, "\(bias.count) biases of \(classes)")
    let weights = (0 ..< parts.count).map { Self.exponential(Double(logWeights.start[$0])) }
    let floors = (0 ..< classes).map { Self.exponential(Double(bias.start[$0])) }
    let y = result(rows, classes, of: logWeights, bias)
    var sums = [Double](repeating: 0, count: rows * classes)
    for place in sums.indices {
      sums[place] = floors[place % classes]
      for (part, weight) in zip(parts, weights) {
        sums[place] += weight * Double(part.start[place])
      }
      y.start[place] = Number(Self.logarithm(sums[place]))
    }
    record(y) { dy in
      for place in sums.indices {
        let slope = Double(dy[place]) / sums[place]
        if let target = logWeights.target {
          for (j, part) in parts.enumerated() {
            target[j] += Number(slope * weights[j] * Double(part.start[place]))
          }
        }
        if let target = bias.target {
          target[place % classes] += Number(slope * floors[place % classes])
        }
      }
    }
    return y
  }
}

extension Tape {
  /// max(x, floor) − floor, element by element: how far a number is above the floor, and no gradient below it.
  public func excess(_ x: Variable<Number>, over floor: Number) -> Variable<Number> {
    let y = result(x.rows, x.columns, of: x)
    loops.excess(y.start, x.start, floor, x.count)
    record(y) { [loops] dy in
      if let target = x.target { loops.excessGradient(target, x.start, dy, floor, x.count) }
    }
    return y
  }

  /// Σ max(u, floor) − floor over the inputs u of an activation, averaged over the rows.
  ///
  /// It pushes what goes into a GELU down until it is below the floor, where GELU is 0 but for rounding; the paper's code
  /// calls it `gelu_preactivations_clamped`.
  ///
  /// Szatkowski et al., "Exploiting Activation Sparsity with Dense to Dynamic-k Mixture-of-Experts Conversion",
  /// arXiv:2310.04361.
  ///
  /// - Parameters:
  ///   - u: (rows, width), at least one row.
  ///   - floor: where the activation counts as off; the paper's code takes −10.
  /// - Returns: one number.
  public func clampedL1(_ u: Variable<Number>, floor: Number = -10) -> Variable<Number> {
    l1(excess(u, over: floor))
  }

  /// The square Hoyer measure of max(u, floor) − floor, averaged over the rows.
  ///
  /// arXiv:2310.04361, as `clampedL1`; the paper's code calls it `gelu_preactivations_hoyer_clamped`.
  ///
  /// - Parameters:
  ///   - u: (rows, width), at least one row.
  ///   - floor: where the activation counts as off.
  /// - Returns: one number, 0 to width.
  public func clampedHoyer(_ u: Variable<Number>, floor: Number = -10) -> Variable<Number> {
    hoyer(excess(u, over: floor))
  }
}

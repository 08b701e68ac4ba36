/// Records what was computed, and runs it backwards for gradients.
///
/// Reverse-mode differentiation over grids of two dimensions: every operation computes at once, and notes how its
/// gradient goes to its inputs. A tape belongs to one thread. Several tapes may share parameters: each has gradients of
/// its own, which are added up afterwards (`Gradients`).
public final class Tape<Number: Real> {
  typealias Source = UnsafePointer<Number>
  typealias Target = UnsafeMutablePointer<Number>

  let pool = BlockPool<Number>()
  let loops = Number.loops
  /// Whether operations are noted; without, memory is given back as soon as nobody holds a variable.
  public var isRecording = true
  /// Which numbers `dropout` leaves out follows from this, and from how often it was asked.
  public var seed: UInt64 = 0
  private var dropouts: UInt64 = 0
  private var steps: [() -> Void] = []
  private var leaves: [ObjectIdentifier: Leaf] = [:]

  private struct Leaf {
    let parameter: Parameter<Number>
    let variable: Variable<Number>
  }

  /// An empty tape.
  public init() {}

  /// A parameter as a variable of this tape.
  public func variable(_ parameter: Parameter<Number>) -> Variable<Number> {
    let key = ObjectIdentifier(parameter)
    if let leaf = leaves[key], leaf.variable.needsGradient != parameter.isFrozen {
      return leaf.variable
    }
    let variable = Variable(
      parameter.block,
      rows: parameter.rows,
      columns: parameter.columns,
      needsGradient: !parameter.isFrozen,
      pool: pool
    )
    leaves[key] = Leaf(parameter: parameter, variable: variable)
    return variable
  }

  /// Numbers that are given, row after row.
  ///
  /// - Parameters:
  ///   - values: (rows · columns).
  ///   - rows: of the grid.
  ///   - columns: of the grid.
  ///   - needsGradient: whether their gradient will be asked for.
  /// - Returns: (rows, columns).
  public func input(
    _ values: [Number],
    rows: Int,
    columns: Int,
    needsGradient: Bool = false
  ) -> Variable<Number> {
    let variable = make(rows, columns, needsGradient: needsGradient)
    precondition(values.count == variable.count, "\(values.count) values of (\(rows), \(columns))")
    values.withUnsafeBufferPointer { source in
      if let address = source.baseAddress {
        variable.start.update(from: address, count: values.count)
      }
    }
    return variable
  }

  /// The same numbers, through which no gradient goes.
  public func detached(_ x: Variable<Number>) -> Variable<Number> {
    Variable(x.block, rows: x.rows, columns: x.columns, needsGradient: false, pool: pool)
  }

  /// Adds to the gradients of everything that `loss` was computed from, and forgets how it was computed.
  ///
  /// - Parameter loss: one number.
  public func backward(from loss: Variable<Number>) {
    precondition(loss.count == 1, "gradients of (\(loss.rows), \(loss.columns)) numbers")
    loss.target?.pointee += 1
    while let step = steps.popLast() { step() }
  }

  /// Forgets what was recorded, and starts the sequence of dropouts from `seed` again.
  public func forget(seed: UInt64 = 0) {
    steps.removeAll(keepingCapacity: true)
    self.seed = seed
    dropouts = 0
  }

  /// The parameters that have a gradient here, and their gradients.
  var gradients: [(parameter: Parameter<Number>, slope: Block<Number>)] {
    leaves.values.compactMap { leaf in leaf.variable.slope.map { (leaf.parameter, $0) } }
  }

  /// A copy of a parameter's gradient, row after row; nil before there is one.
  public func gradient(of parameter: Parameter<Number>) -> [Number]? {
    leaves[ObjectIdentifier(parameter)]?.variable.gradient
  }

  func slope(of parameter: Parameter<Number>) -> Block<Number>? {
    leaves[ObjectIdentifier(parameter)]?.variable.slope
  }

  /// Sets all gradients of parameters to 0.
  public func clearGradients() {
    for leaf in leaves.values { leaf.variable.slope?.clear() }
  }

  // For operations.

  func nextDropoutSeed() -> UInt64 {
    dropouts += 1
    return seed &* 0x9E37_79B9_7F4A_7C15 &+ dropouts &* 0xD1B5_4A32_D192_ED03
  }

  func make(_ rows: Int, _ columns: Int, needsGradient: Bool) -> Variable<Number> {
    Variable(
      pool.take(rows * columns),
      rows: rows,
      columns: columns,
      needsGradient: needsGradient && isRecording,
      pool: pool
    )
  }

  /// Room for the result of an operation on `inputs`.
  func result(_ rows: Int, _ columns: Int, of inputs: Variable<Number>?...) -> Variable<Number> {
    make(rows, columns, needsGradient: inputs.contains { $0?.needsGradient ?? false })
  }

  /// Notes how the gradient of `result` goes on; not called if it has none.
  func record(
    _ result: Variable<Number>,
    _ step: @escaping (_ slope: UnsafePointer<Number>) -> Void
  ) {
    guard result.needsGradient else { return }
    steps.append {
      guard let slope = result.slope else { return }
      step(slope.start)
    }
  }
}

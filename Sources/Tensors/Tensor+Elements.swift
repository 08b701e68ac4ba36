import Glibc

extension Tensor {
  /// self + other, element by element.
  public func plus(_ other: Tensor) -> Tensor {
    precondition(shape == other.shape, "plus: \(shape) and \(other.shape) differ")
    var result = self
    for i in values.indices { result.values[i] += other.values[i] }
    return result
  }

  /// self · other, element by element.
  public func scaled(by other: Tensor) -> Tensor {
    precondition(shape == other.shape, "scaled: \(shape) and \(other.shape) differ")
    var result = self
    for i in values.indices { result.values[i] *= other.values[i] }
    return result
  }

  /// self · factor.
  public func scaled(by factor: Float) -> Tensor { map { $0 * factor } }

  /// `bias` added to every row.
  public func plus(rowOf bias: [Float]) -> Tensor {
    precondition(bias.count == columns, "plus: a row of \(bias.count) and the shape \(shape)")
    var result = self
    for i in values.indices { result.values[i] += bias[i % bias.count] }
    return result
  }

  /// x · σ(x).
  public func silu() -> Tensor { map { $0 / (1 + expf(-$0)) } }

  /// GELU by the error function: x · Φ(x).
  public func gelu() -> Tensor { map { 0.5 * $0 * (1 + erff($0 * 0.707_106_77)) } }

  /// GELU by its tanh approximation.
  ///
  /// Hendrycks and Gimpel, arXiv:1606.08415.
  public func geluTanh() -> Tensor {
    map { 0.5 * $0 * (1 + tanhf(0.797_884_6 * ($0 + 0.044_715 * $0 * $0 * $0))) }
  }

  /// max(x, 0).
  public func relu() -> Tensor { map { max($0, 0) } }

  /// tanh(x).
  public func hyperbolicTangent() -> Tensor { map { tanhf($0) } }

  private func map(_ transform: (Float) -> Float) -> Tensor {
    Tensor(shape: shape, values: values.map(transform))
  }
}

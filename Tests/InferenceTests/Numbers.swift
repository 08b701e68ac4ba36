import Foundation
import Tensors

/// ln Σ exp(v) in double precision.
func logSumExp(_ values: [Float]) -> Float {
  let most = Double(values.max() ?? 0)
  return Float(most + log(values.reduce(0.0) { $0 + exp(Double($1) - most) }))
}

/// e to the power of a float.
func expf(_ value: Float) -> Float { Float(exp(Double(value))) }

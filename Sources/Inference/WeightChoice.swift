import Models
import Tensors

/// How a served model's weights are held in memory.
public enum WeightChoice: String, Sendable, CaseIterable {
  /// Quantized weights as they are; bytes for the rest.
  case automatic = "auto"
  /// float32: the reference in everything, and four times the memory of bytes.
  case f32
  /// The upper half of float32.
  case bf16
  /// Bytes with one scale for each output.
  case int8
  /// Bytes with one scale for every 32 inputs.
  case int8Group = "int8_group"
  /// Four bits with scale and minimum for every 32 inputs.
  case int4Group = "int4_group"

  var format: WeightFormat? {
    switch self {
    case .automatic: nil
    case .f32: .f32
    case .bf16: .bf16
    case .int8: .int8
    case .int8Group: .int8Group
    case .int4Group: .int4Group
    }
  }
}

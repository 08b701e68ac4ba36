import CKernels

/// How the weights of a packed matrix are stored, and with it in what arithmetic its products are done.
public enum WeightFormat: String, Sendable, CaseIterable {
  /// binary32; activations stay float.
  case f32
  /// The upper half of binary32; activations stay float.
  case bf16
  /// Signed bytes with one scale for each output; activations are bytes with one scale for each row.
  case int8
  /// Signed bytes with one scale for every 32 inputs; activations likewise. Q8_0 is held as it is.
  case int8Group = "int8_group"
  /// Four bits with scale and minimum for every 32 inputs; activations are bytes, one scale for every 32.
  ///
  /// Q4_0 and Q4_1 are held as they are.
  case int4Group = "int4_group"

  /// Inputs that a byte-quantized row may have, so that sums stay within 32 bits.
  public static let int8InputsMax = 65_536

  /// The format that serves weights stored as `type` without losing any of them, or with the least loss that a
  /// byte has.
  public static func serving(_ type: ElementType) -> WeightFormat {
    switch type {
    case .q4_0, .q4_1: .int4Group
    case .q8_0: .int8Group
    default: .int8Group
    }
  }

  var code: ck_format {
    switch self {
    case .f32: ck_f32
    case .bf16: ck_bf16
    case .int8: ck_int8
    case .int8Group: ck_int8_group
    case .int4Group: ck_int4_group
    }
  }

  /// Bytes of a tile of 16 outputs.
  public func tileBytes(inputs: Int) -> Int { ck_tile_bytes(code, inputs) }

  /// How activations must be quantized for it; nil for float.
  var activations: Quantization? {
    switch self {
    case .f32, .bf16: nil
    case .int8: .row
    case .int8Group, .int4Group: .group
    }
  }
}

/// How activations become bytes.
enum Quantization: Int, CaseIterable {
  /// One scale for a row.
  case row
  /// One scale for every 32 numbers.
  case group

  func groups(width: Int) -> Int { self == .row ? 1 : (width + 31) / 32 }
}

import CKernels

/// What a transformer layer does to whole rows between its matrix products.
///
/// R rows, D width, H heads, W head width. Every function checks its sizes once and then runs one C
/// kernel; sums run in an order that does not depend on R.
public enum Rows {
  /// Normalises every row by its root mean square.
  ///
  /// Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019, arXiv:1910.07467.
  ///
  /// - Parameters:
  ///   - x: (R, D), left as it is.
  ///   - gain: (D).
  ///   - epsilon: added to the mean square.
  ///   - y: (R, D), overwritten.
  public static func rmsNorm(
    _ x: [Float],
    gain: [Float],
    epsilon: Float,
    into y: inout [Float]
  ) {
    let rows = rowCount(x.count, width: gain.count)
    precondition(y.count == x.count, "rmsNorm: \(x.count) inputs, \(y.count) outputs")
    y.withUnsafeMutableBufferPointer { y in
      ck_rms_norm_f32(y.baseAddress, x, gain, rows, gain.count, epsilon)
    }
  }

  /// Normalises every row to mean 0 and variance 1, then scales and shifts, in place.
  ///
  /// Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450.
  ///
  /// - Parameters:
  ///   - x: (R, D), overwritten.
  ///   - gain: (D).
  ///   - bias: (D).
  ///   - epsilon: added to the variance.
  public static func layerNorm(
    _ x: inout [Float],
    gain: [Float],
    bias: [Float],
    epsilon: Float
  ) {
    let rows = rowCount(x.count, width: gain.count)
    precondition(gain.count == bias.count, "layerNorm: gain \(gain.count), bias \(bias.count)")
    x.withUnsafeMutableBufferPointer { x in
      ck_layer_norm_f32(x.baseAddress, x.baseAddress, gain, bias, rows, gain.count, epsilon)
    }
  }

  /// Adds `y` to `x`, element by element.
  public static func add(_ y: [Float], to x: inout [Float]) {
    precondition(x.count == y.count, "add: \(x.count) and \(y.count) elements")
    x.withUnsafeMutableBufferPointer { x in ck_add_f32(x.baseAddress, y, x.count) }
  }

  /// Adds `bias` (D) to every row of `x` (R, D).
  public static func addBias(_ bias: [Float], to x: inout [Float]) {
    let rows = rowCount(x.count, width: bias.count)
    x.withUnsafeMutableBufferPointer { x in
      ck_add_bias_f32(x.baseAddress, bias, rows, bias.count)
    }
  }

  /// Replaces `gate` by silu(gate) · up, the gated linear unit of SwiGLU.
  ///
  /// Shazeer, "GLU Variants Improve Transformer", arXiv:2002.05202.
  public static func siluMultiply(_ gate: inout [Float], up: [Float]) {
    precondition(gate.count == up.count, "siluMultiply: \(gate.count) and \(up.count) elements")
    gate.withUnsafeMutableBufferPointer { gate in
      ck_silu_multiply_f32(gate.baseAddress, up, gate.count)
    }
  }

  /// Applies GELU with the error function, in place.
  ///
  /// Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415.
  public static func geluErf(_ x: inout [Float]) {
    x.withUnsafeMutableBufferPointer { x in ck_gelu_erf_f32(x.baseAddress, x.count) }
  }

  /// Applies GELU by its tanh approximation, in place.
  public static func geluTanh(_ x: inout [Float]) {
    x.withUnsafeMutableBufferPointer { x in ck_gelu_tanh_f32(x.baseAddress, x.count) }
  }

  /// Replaces negative elements by 0, in place.
  public static func relu(_ x: inout [Float]) {
    x.withUnsafeMutableBufferPointer { x in ck_relu_f32(x.baseAddress, x.count) }
  }

  /// Rotates the two halves of every head by its row's position.
  ///
  /// Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864,
  /// in the layout that pairs element w with element w + W/2.
  ///
  /// - Parameters:
  ///   - x: (R, H · W), overwritten.
  ///   - positions: (R).
  ///   - frequencies: (W/2), radians per position.
  public static func rope(
    _ x: inout [Float],
    positions: [Int32],
    frequencies: [Float]
  ) {
    let width = frequencies.count * 2
    let heads = rowCount(x.count, width: max(positions.count, 1) * width)
    x.withUnsafeMutableBufferPointer { x in
      ck_rope_f32(
        x.baseAddress,
        positions,
        frequencies,
        positions.count,
        heads,
        width
      )
    }
  }

  private static func rowCount(_ count: Int, width: Int) -> Int {
    precondition(
      width > 0 && count.isMultiple(of: width),
      "\(count) elements are no rows of width \(width)"
    )
    return count / width
  }
}

internal import CKernels
internal import COpenBLAS

/// A number that gradients are computed in: float32 to learn with, float64 to check them with.
public protocol Real: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// What loops over such numbers.
  static var loops: Loops<Self> { get }
}

/// The loops of CKernels/learning and the products of OpenBLAS, for one kind of number.
public struct Loops<Number: Real>: Sendable {
  typealias Source = UnsafePointer<Number>
  typealias Target = UnsafeMutablePointer<Number>

  /// c = a · b, or c += a · b; c's rows lie `stride` apart.
  let product: @Sendable (Panel<Number>, Panel<Number>, Target, _ stride: Int, _ adds: Bool) -> Void
  let addScaled: @Sendable (Target, Source, Number, Int) -> Void
  let addProducts: @Sendable (Target, Source, Source, Int) -> Void
  let scale: @Sendable (Target, Number, Int) -> Void
  let addRow: @Sendable (Target, Source, Int, Int) -> Void
  let addRows: @Sendable (Target, Source, Int, Int) -> Void
  let dot: @Sendable (Source, Source, Int) -> Double
  let sum: @Sendable (Source, Int) -> Double
  let curve: @Sendable (Curve, Target, Source, Int) -> Void
  let curveGradient: @Sendable (Curve, Target, Source, Source, Int) -> Void
  let center: @Sendable (Target, Target, Target, Source, Source, Source, Int, Int, Number) -> Void
  let centerGradient:
    @Sendable (Target?, Target?, Target?, Source, Source, Source, Source, Source, Int, Int) -> Void
  let root: @Sendable (Target, Target, Source, Source, Int, Int, Number) -> Void
  let rootGradient: @Sendable (Target?, Target?, Source, Source, Source, Source, Int, Int) -> Void
  let softmax: @Sendable (Target, Number, Int, Int, Int) -> Void
  let softmaxBack: @Sendable (Target, Source, Number, Int, Int) -> Void
  let logSoftmax: @Sendable (Target, Source, Int, Int) -> Void
  let logSoftmaxGradient: @Sendable (Target, Source, Source, Int, Int) -> Void
  let dropout: @Sendable (Target, Source, Int, UInt64, Double, Bool) -> Void
  let hoyer: @Sendable (Target, Target, Source, Int, Int) -> Double
  let hoyerGradient: @Sendable (Target, Source, Source, Source, Number, Int, Int) -> Void
  let sumSizes: @Sendable (Source, Int) -> Double
  let sumSizesGradient: @Sendable (Target, Source, Number, Int) -> Void
  let excess: @Sendable (Target, Source, Number, Int) -> Void
  let excessGradient: @Sendable (Target, Source, Source, Number, Int) -> Void
  let tSoftmax: @Sendable (Target, Source, Source, Int, Int, Int) -> Void
  let tSoftmaxGradient:
    @Sendable (Target?, Target?, Source, Source, Source, Source, Int, Int, Int) -> Void
  let reaches:
    @Sendable (Target, UnsafeMutablePointer<Int>, Source, [Int], Target, Int, Int) -> Void
  let reachesGradient: @Sendable (Target, Source, UnsafePointer<Int>, Source, Int, Int) -> Void
  let turn: @Sendable (Target, Source, [Number], [Number], [Int], Int, Int, Int, Bool) -> Void
  let decompose: @Sendable (inout [Number], Int, Int) -> Factors<Number>?
  let adamW: @Sendable (Target, Target, Target, Source, Int, AdamWStep) -> Void
}

/// A function of one number, element by element.
public enum Curve: Sendable, CaseIterable {
  /// max(x, 0).
  case relu
  /// GELU by the error function.
  case gelu
  /// GELU by its tanh approximation.
  case geluTanh
  /// x · σ(x).
  case silu
  /// tanh(x).
  case tanh

  fileprivate var code: ck_curve {
    switch self {
    case .relu: ck_curve_relu
    case .gelu: ck_curve_gelu
    case .geluTanh: ck_curve_gelu_tanh
    case .silu: ck_curve_silu
    case .tanh: ck_curve_tanh
    }
  }
}

/// What one step of AdamW multiplies by.
struct AdamWStep: Sendable {
  let rate: Double
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let decay: Double
  /// 1 − beta^step of both averages.
  let correction1: Double
  let correction2: Double

  fileprivate var raw: ck_adamw {
    ck_adamw(
      rate: rate,
      beta1: beta1,
      beta2: beta2,
      epsilon: epsilon,
      decay: decay,
      correction1: correction1,
      correction2: correction2
    )
  }
}

extension Panel {
  fileprivate var transposition: CBLAS_TRANSPOSE { isTransposed ? CblasTrans : CblasNoTrans }
}

extension Float: Real {
  /// float32.
  public static let loops = Loops<Float>(
    product: { a, b, c, stride, adds in
      cblas_sgemm(
        CblasRowMajor,
        a.transposition,
        b.transposition,
        Int32(a.rows),
        Int32(b.columns),
        Int32(a.columns),
        1,
        a.start,
        Int32(a.stride),
        b.start,
        Int32(b.stride),
        adds ? 1 : 0,
        c,
        Int32(stride)
      )
    },
    addScaled: { ck_add_scaled_f32($0, $1, $2, $3) },
    addProducts: { ck_add_products_f32($0, $1, $2, $3) },
    scale: { ck_scale_f32($0, $1, $2) },
    addRow: { ck_add_row_f32($0, $1, $2, $3) },
    addRows: { ck_add_rows_f32($0, $1, $2, $3) },
    dot: { ck_dot_f32($0, $1, $2) },
    sum: { ck_sum_f32($0, $1) },
    curve: { ck_curve_f32($0.code, $1, $2, $3) },
    curveGradient: { ck_curve_gradient_f32($0.code, $1, $2, $3, $4) },
    center: { ck_center_f32($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    centerGradient: { ck_center_gradient_f32($0, $1, $2, $3, $4, $5, $6, $7, $8, $9) },
    root: { ck_root_f32($0, $1, $2, $3, $4, $5, $6) },
    rootGradient: { ck_root_gradient_f32($0, $1, $2, $3, $4, $5, $6, $7) },
    softmax: { ck_softmax_f32($0, $1, $2, $3, $4) },
    softmaxBack: { ck_softmax_back_f32($0, $1, $2, $3, $4) },
    logSoftmax: { ck_log_softmax_f32($0, $1, $2, $3) },
    logSoftmaxGradient: { ck_log_softmax_gradient_f32($0, $1, $2, $3, $4) },
    dropout: { ck_dropout_f32($0, $1, $2, $3, $4, $5) },
    hoyer: { ck_hoyer_f32($0, $1, $2, $3, $4) },
    hoyerGradient: { ck_hoyer_gradient_f32($0, $1, $2, $3, $4, $5, $6) },
    sumSizes: { ck_sum_sizes_f32($0, $1) },
    sumSizesGradient: { ck_sum_sizes_gradient_f32($0, $1, $2, $3) },
    excess: { ck_excess_f32($0, $1, $2, $3) },
    excessGradient: { ck_excess_gradient_f32($0, $1, $2, $3, $4) },
    tSoftmax: { ck_t_softmax_f32($0, $1, $2, $3, $4, $5) },
    tSoftmaxGradient: { ck_t_softmax_gradient_f32($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    reaches: { ck_reaches_f32($0, $1, $2, $3, $4, $5, $6) },
    reachesGradient: { ck_reaches_gradient_f32($0, $1, $2, $3, $4, $5) },
    turn: { ck_turn_f32($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    decompose: { factorsF32(&$0, $1, $2) },
    adamW: { weights, means, squares, gradient, count, step in
      var raw = step.raw
      ck_adamw_f32(weights, means, squares, gradient, count, &raw)
    }
  )
}

extension Double: Real {
  /// float64.
  public static let loops = Loops<Double>(
    product: { a, b, c, stride, adds in
      cblas_dgemm(
        CblasRowMajor,
        a.transposition,
        b.transposition,
        Int32(a.rows),
        Int32(b.columns),
        Int32(a.columns),
        1,
        a.start,
        Int32(a.stride),
        b.start,
        Int32(b.stride),
        adds ? 1 : 0,
        c,
        Int32(stride)
      )
    },
    addScaled: { ck_add_scaled_f64($0, $1, $2, $3) },
    addProducts: { ck_add_products_f64($0, $1, $2, $3) },
    scale: { ck_scale_f64($0, $1, $2) },
    addRow: { ck_add_row_f64($0, $1, $2, $3) },
    addRows: { ck_add_rows_f64($0, $1, $2, $3) },
    dot: { ck_dot_f64($0, $1, $2) },
    sum: { ck_sum_f64($0, $1) },
    curve: { ck_curve_f64($0.code, $1, $2, $3) },
    curveGradient: { ck_curve_gradient_f64($0.code, $1, $2, $3, $4) },
    center: { ck_center_f64($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    centerGradient: { ck_center_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9) },
    root: { ck_root_f64($0, $1, $2, $3, $4, $5, $6) },
    rootGradient: { ck_root_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7) },
    softmax: { ck_softmax_f64($0, $1, $2, $3, $4) },
    softmaxBack: { ck_softmax_back_f64($0, $1, $2, $3, $4) },
    logSoftmax: { ck_log_softmax_f64($0, $1, $2, $3) },
    logSoftmaxGradient: { ck_log_softmax_gradient_f64($0, $1, $2, $3, $4) },
    dropout: { ck_dropout_f64($0, $1, $2, $3, $4, $5) },
    hoyer: { ck_hoyer_f64($0, $1, $2, $3, $4) },
    hoyerGradient: { ck_hoyer_gradient_f64($0, $1, $2, $3, $4, $5, $6) },
    sumSizes: { ck_sum_sizes_f64($0, $1) },
    sumSizesGradient: { ck_sum_sizes_gradient_f64($0, $1, $2, $3) },
    excess: { ck_excess_f64($0, $1, $2, $3) },
    excessGradient: { ck_excess_gradient_f64($0, $1, $2, $3, $4) },
    tSoftmax: { ck_t_softmax_f64($0, $1, $2, $3, $4, $5) },
    tSoftmaxGradient: { ck_t_softmax_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    reaches: { ck_reaches_f64($0, $1, $2, $3, $4, $5, $6) },
    reachesGradient: { ck_reaches_gradient_f64($0, $1, $2, $3, $4, $5) },
    turn: { ck_turn_f64($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    decompose: { factorsF64(&$0, $1, $2) },
    adamW: { weights, means, squares, gradient, count, step in
      var raw = step.raw
      ck_adamw_f64(weights, means, squares, gradient, count, &raw)
    }
  )
}

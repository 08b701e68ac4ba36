internal import CBlasCore
internal import COpenBLAS

/// The one library that multiplies matrices for us.
public enum BLAS {
  /// The processor core whose kernels OpenBLAS multiplies with, in its own words, such as `SkylakeX`.
  public static var core: String { String(cString: blas_core()) }

  /// Sets how many threads a product may use.
  ///
  /// Call it once, before the first product: changing it
  /// later costs most of a millisecond.
  public static func setThreads(_ count: Int) {
    precondition(count > 0, "\(count) BLAS threads")
    openblas_set_num_threads(Int32(count))
  }
}

/// c = a · b or a · bᵀ, all row-major and dense: a (rows, inner), c (rows, columns), and b
/// (inner, columns), or (columns, inner) if `transposed`.
func multiply(
  _ a: UnsafePointer<Float>,
  _ b: UnsafePointer<Float>,
  transposed: Bool,
  into c: UnsafeMutablePointer<Float>,
  rows: Int,
  inner: Int,
  columns: Int
) {
  cblas_sgemm(
    CblasRowMajor,
    CblasNoTrans,
    transposed ? CblasTrans : CblasNoTrans,
    Int32(rows),
    Int32(columns),
    Int32(inner),
    1,
    a,
    Int32(inner),
    b,
    Int32(transposed ? inner : columns),
    0,
    c,
    Int32(columns)
  )
}

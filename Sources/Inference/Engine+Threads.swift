import Tensors

extension Engine {
  /// Sets how many threads the matrix products of the whole process use; once, before the first engine.
  public static func setThreads(_ count: Int) { BLAS.setThreads(count) }
}

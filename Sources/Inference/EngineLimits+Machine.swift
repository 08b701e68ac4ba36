public import Models
import Tensors

extension EngineLimits {
  /// Takes the machine as it is: its CPUs, or `threads` of them, and its best kernels.
  ///
  /// - Parameter threads: workers, the engine's thread included; 0 takes as many as the process may use,
  ///   by its affinity mask and its cgroup's quota.
  /// - Throws: `FormatError` if the environment variable METE_KERNELS names no kernels that run here.
  public mutating func useMachine(threads: Int) throws(FormatError) {
    workers = threads > 0 ? threads : Workers.available
    pinsWorkers = workers > 1 && workers <= Workers.available
    do {
      kernels = try KernelSet.chosen()
    } catch {
      throw FormatError(path: error.path, reason: error.reason)
    }
    // Training and the reference forward use OpenBLAS, the engine does not.
    BLAS.setThreads(1)
  }

  /// CPUs that the process may use at once.
  public static var cpus: Int { Workers.available }

  /// The name of the kernels that compute.
  public var kernelsName: String { kernels.name }
}

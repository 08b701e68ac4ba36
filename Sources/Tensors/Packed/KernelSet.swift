import CKernels
internal import Glibc

/// The kernels of one instruction set.
///
/// The same sources are compiled once per set; the best one that the machine runs is chosen at start.
/// Sets may differ in the last bits of float results, never in the order of a sum.
public struct KernelSet: @unchecked Sendable, Equatable {
  // Read-only once built: a constant table of the program.
  let table: OpaquePointer

  /// Its name: `avx512vnni`, `avx512`, `avx2` or `portable`.
  public var name: String { String(cString: ck_kernels_name(table)) }

  /// The sets that this machine can run, the best first.
  public static let runnable: [KernelSet] = (0 ..< ck_kernels_count())
    .compactMap { ck_kernels_at($0) }
    .filter { ck_kernels_run_here($0) }
    .map { KernelSet(table: $0) }

  /// The best set that this machine can run; the portable one runs everywhere.
  public static var best: KernelSet { runnable[0] }

  /// What the environment variable METE_KERNELS asks for, or the best.
  ///
  /// - Throws: `TensorsError` if it names no set that this machine can run.
  public static func chosen() throws(TensorsError) -> KernelSet {
    guard let wanted = getenv("METE_KERNELS").map({ String(cString: $0) }), !wanted.isEmpty else {
      return best
    }
    guard let set = runnable.first(where: { $0.name == wanted }) else {
      throw TensorsError.unknownKernels(name: wanted, known: runnable.map(\.name))
    }
    return set
  }
}

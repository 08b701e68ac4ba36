import Tensors
import Testing

@Suite("OpenBLAS's kernels")
struct BLASTests {
  @Test("are not those of a processor that our own kernels find far behind this one")
  func core() {
    let isWide = KernelSet.runnable.contains { $0.name == "avx2" }
    #expect(BLAS.core != "Unknown")
    #expect(BLAS.core != "Prescott" || !isWide)
  }
}

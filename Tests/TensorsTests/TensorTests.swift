import Testing

@testable import Tensors

/// The operations of the reference forward, on numbers small enough to check by hand.
struct TensorTests {
  private let a = Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6])

  @Test func productsJoinInnerDimensions() {
    let b = Tensor(shape: [3, 2], values: [1, 0, 0, 1, 1, 1])
    #expect(a.times(b) == Tensor(shape: [2, 2], values: [4, 5, 10, 11]))
    let transposed = Tensor(shape: [2, 3], values: [1, 0, 1, 0, 1, 1])
    #expect(a.timesTransposed(transposed) == Tensor(shape: [2, 2], values: [4, 5, 10, 11]))
    let matrix = Matrix(outputs: 2, inputs: 3, values: transposed.values)
    #expect(a.through(matrix).values == [4, 5, 10, 11])
  }

  @Test func columnsComeApartAndTogether() {
    let parts = [a.columns(0 ..< 1), a.columns(1 ..< 3)]
    #expect(parts[1] == Tensor(shape: [2, 2], values: [2, 3, 5, 6]))
    #expect(Tensor.beside(parts) == a)
    #expect(a.row(1) == [4, 5, 6])
    let matrix = Matrix(outputs: 2, inputs: 3, values: a.values)
    #expect(Tensor(rowsOf: matrix, at: [1, 1]).values == [4, 5, 6, 4, 5, 6])
  }

  @Test func elementsMeetTheirPartners() {
    #expect(a.plus(a).values == [2, 4, 6, 8, 10, 12])
    #expect(a.scaled(by: a).values == [1, 4, 9, 16, 25, 36])
    #expect(a.scaled(by: 0.5).values == [0.5, 1, 1.5, 2, 2.5, 3])
    #expect(a.plus(rowOf: [1, 0, -1]).values == [2, 2, 2, 5, 5, 5])
  }

  @Test func softmaxOfMaskedRowsSumsToOne() {
    let scores = Tensor(shape: [2, 2], values: [0, 5, 1, 1])
    #expect(scores.causallyMasked().softmax().values == [1, 0, 0.5, 0.5])
    let large = Tensor(shape: [1, 2], values: [1_000, 1_000]).softmax()
    #expect(large.values == [0.5, 0.5])
  }

  @Test func normsHaveTheLengthTheyPromise() {
    let row = Tensor(shape: [1, 4], values: [2, -2, 2, -2])
    #expect(row.rmsNorm(gain: [1, 1, 2, 1], epsilon: 0).values == [1, -1, 2, -1])
    let shifted = Tensor(shape: [1, 2], values: [3, 5])
    #expect(
      shifted.layerNorm(gain: [1, 2], bias: [0, 10], epsilon: 0).values == [-1, 12]
    )
  }

  @Test func activationsAreTheirFormulas() {
    let x = Tensor(shape: [1, 3], values: [-1, 0, 2])
    func isNear(_ values: [Float], _ wanted: [Float]) -> Bool {
      zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-6 }
    }
    #expect(isNear(x.silu().values, [-0.268_941_4, 0, 1.761_594_2]))
    #expect(isNear(x.gelu().values, [-0.158_655_26, 0, 1.954_499_7]))
    #expect(isNear(x.geluTanh().values, [-0.158_808, 0, 1.954_597_7]))
    #expect(x.relu().values == [0, 0, 2])
    #expect(isNear(x.hyperbolicTangent().values, [-0.761_594_2, 0, 0.964_027_6]))
  }
}

import Models
import Testing

/// The arithmetic of cost counts the multiplications of the shapes, no more and no fewer.
struct CostTests {
  private let llama = LlamaConfiguration(
    layers: 30,
    width: 576,
    heads: 9,
    keyValueHeads: 3,
    headWidth: 64,
    ffnWidth: 1_536,
    vocabulary: 49_152,
    positionsMax: 8_192,
    rmsEpsilon: 1e-5,
    ropeBase: 1e5,
    ropeScaling: .none,
    tiedHead: true
  )

  @Test func aLlamaRowCostsItsMatrices() {
    let cost = Cost(llama)
    #expect(cost.layers == 30)
    #expect(cost.projections == 2 * 576 * 576 + 2 * 576 * 192)
    #expect(cost.keysAndValues == 2 * 576 * 192)
    #expect(cost.mixing == 2 * 9 * 64)
    #expect(cost.experts == 3 * 576 * 1_536)
    #expect(cost.head == 576 * 49_152)
    #expect(cost.attention(positions: 10) == cost.projections + 10 * cost.mixing)
    // Without mixing, a row through the layers touches every weight of them once.
    #expect(cost.row(positions: 0) == 30 * (884_736 + 2_654_208))
  }

  @Test func aPlainFeedForwardLayerHasTwoMatrices() {
    var plain = llama
    plain.feedForward = .plain(.geluTanh)
    #expect(Cost(plain).experts == 2 * 576 * 1_536)
    #expect(Cost(plain).projections == Cost(llama).projections)
  }

  @Test func aBertTextCostsItsMatrices() {
    var bert = BertConfiguration(
      layers: 6,
      width: 384,
      heads: 12,
      ffnWidth: 1_536,
      vocabulary: 30_522,
      positionsMax: 512,
      sequenceMax: 256,
      typesCount: 2,
      layerNormEpsilon: 1e-12,
      activation: .gelu,
      pooling: .mean,
      normalize: true,
      labels: [],
      problem: .singleLabel,
      hasPooler: true
    )
    #expect(Cost(bert).head == 0)
    bert.labels = ["a", "b", "c"]
    let cost = Cost(bert)
    #expect(cost.head == 384 * 384 + 3 * 384)
    #expect(cost.projections == 4 * 384 * 384)
    #expect(cost.mixing == 2 * 384)
    #expect(cost.experts == 2 * 384 * 1_536)
  }

  /// BERT-base on 128 tokens is known to take 11.17 thousand million multiply-accumulates.
  @Test func bertBaseCostsWhatItIsKnownFor() {
    let base = BertConfiguration(
      layers: 12,
      width: 768,
      heads: 12,
      ffnWidth: 3_072,
      vocabulary: 30_522,
      positionsMax: 512,
      sequenceMax: 512,
      typesCount: 2,
      layerNormEpsilon: 1e-12,
      activation: .gelu,
      pooling: .mean,
      normalize: false,
      labels: [],
      problem: .singleLabel,
      hasPooler: true
    )
    #expect(128 * Cost(base).row(positions: 128) == 11_173_625_856)
  }

  @Test(arguments: [(0, 1), (0, 17), (5, 1), (100, 33), (7, 0)])
  func causalRowsAreTheSumOfTheirRows(start: Int, count: Int) {
    let cost = Cost(llama)
    let sum = (start ..< start + count).reduce(0) { $0 + cost.row(positions: $1 + 1) }
    #expect(cost.causalRows(start: start, count: count) == sum)
  }

  @Test func theBillNamesEveryPart() {
    #expect(
      Part.allCases.map(\.rawValue)
        == ["attention", "experts", "routers", "exits", "head", "adapter", "embedding"]
    )
  }
}

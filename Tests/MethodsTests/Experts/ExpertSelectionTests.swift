import Support
import Testing

@testable import Methods

/// METHODS §2(a), (d) and (e): who runs.
struct ExpertSelectionTests {
  private func bits(_ rule: ExpertSelection, _ predictions: [Float] = [4, 3, 2, 1]) -> String {
    rule.mask(predictions).map { $0 ? "1" : "0" }.joined()
  }

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0 ..< count).map { _ in Float(random.next() >> 40) / 0x1p24 }
  }

  @Test(
    arguments: [
      (0, "1111"), (0.25, "1111"), (0.5, "1110"), (0.75, "1100"), (0.76, "1000"), (1, "1000"),
    ] as [(Double, String)]
  )
  func relativeToTheStrongest(tau: Double, expected: String) {
    #expect(bits(.max(tau)) == expected)
  }

  @Test(
    arguments: [
      (0, "1000"), (0.3, "1000"), (0.4, "1000"), (0.41, "1100"), (0.5, "1100"), (0.7, "1100"),
      (0.71, "1110"), (0.9, "1110"), (0.95, "1111"), (1, "1111"),
    ] as [(Double, String)]
  )
  func byShare(tau: Double, expected: String) {
    #expect(bits(.share(tau)) == expected)
    let places = Array(expected)
    let reordered = String([places[3], places[1], places[0], places[2]])
    #expect(bits(.share(tau), [1, 3, 4, 2]) == reordered)
  }

  @Test func theStrongestOfAFixedNumber() {
    #expect(bits(.top(2), [1, 4, 2, 4]) == "0101")
    #expect(bits(.top(1), [1, 4, 2, 4]) == "0100", "the first of equals")
    #expect(bits(.top(0)) == "0000" && bits(.top(4)) == "1111")
    #expect(bits(.top(2), [0, 0, 0]) == "110")
  }

  @Test func nothingPredictedKeepsAll() {
    for tau in [0, 0.5, 1] {
      #expect(bits(.max(tau), [0, 0, 0]) == "111")
      #expect(bits(.share(tau), [0, 0, 0]) == "111")
    }
  }

  @Test func tiesRunTogetherAndZerosRunAt0() {
    #expect(bits(.max(1), [2, 5, 5, 0]) == "0110")
    #expect(bits(.max(0), [2, 5, 5, 0]) == "1111")
  }

  /// A sum in floating point reaches 1 early; all must run nevertheless.
  @Test(arguments: 0 ..< 20)
  func aShareOf1IsAll(seed: UInt64) {
    var predictions = random(32, seed: seed)
    predictions[5] = 1e-30
    predictions[6] = 0
    #expect(!ExpertSelection.share(1).mask(predictions).contains(false))
  }

  @Test(arguments: 0 ..< 20)
  func masksAreNestedAndScaleDoesNotMatter(seed: UInt64) {
    let predictions = random(24, seed: seed)
    let larger = predictions.map { $0 * 8 }
    func isWithin(_ inner: [Bool], _ outer: [Bool]) -> Bool {
      zip(inner, outer).allSatisfy { !$0 || $1 }
    }
    for step in 0 ..< 40 {
      let (low, high) = (Double(step) / 40, Double(step + 1) / 40)
      #expect(
        isWithin(
          ExpertSelection.max(high).mask(predictions),
          ExpertSelection.max(low).mask(predictions)
        )
      )
      #expect(
        isWithin(
          ExpertSelection.share(low).mask(predictions),
          ExpertSelection.share(high).mask(predictions)
        )
      )
      for rule in [ExpertSelection.max(low), .share(low)] {
        #expect(rule.mask(larger) == rule.mask(predictions))
        #expect(rule.mask(predictions).contains(true))
      }
    }
    for count in 0 ..< 24 {
      #expect(
        isWithin(
          ExpertSelection.top(count).mask(predictions),
          ExpertSelection.top(count + 1).mask(predictions)
        )
      )
      #expect(ExpertSelection.top(count).mask(predictions).count { $0 } == count)
    }
  }

  @Test func rowsAreIndependent() {
    let rows = random(40, seed: 3)
    let rule = ExpertSelection.max(0.6)
    let each = stride(from: 0, to: 40, by: 8).map { rule.mask(rows[$0 ..< $0 + 8]) }
    #expect(rule.masks(rows, experts: 8) == Array(each.joined()))
  }

  /// METHODS §2(a'): what routers cost beside the layer.
  @Test(arguments: [
    (768, 128, 24, 128, 2, 0.0243), (768, 768, 4, 128, 2, 0.0417), (768, 512, 6, 128, 2, 0.0347),
    (768, 64, 6, 128, 2, 0.181), (2048, 2048, 8, 512, 3, 0.0208),
  ])
  func routersAreCheap(
    width: Int,
    experts: Int,
    size: Int,
    hidden: Int,
    matrices: Int,
    part: Double
  ) {
    let router = RouterShape(width: width, hidden: hidden, experts: experts)
    let idle = router.costRatio(expertsRun: 0, size: size, matrices: matrices)
    #expect(abs(idle - part) < part * 0.003)
    let all = router.costRatio(expertsRun: Double(experts), size: size, matrices: matrices)
    #expect(abs(all - 1 - idle) < 1e-12, "all experts cost the layer and the router")
    #expect(router.cost == hidden * width + experts * hidden)
  }
}

import Testing

@testable import Methods

/// The same seed gives the same order, in every version; the figures here must never change.
struct SeededRandomTests {
  @Test func theSequenceIsSplitMix64() {
    // The first numbers of seed 1234567, as the generator's authors' program prints them.
    var random = SeededRandom(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
    #expect(random.next() == 9_817_491_932_198_370_423)
  }

  @Test func anOrderIsForEver() {
    // A few lines of Python that do the same gave these.
    #expect(SeededRandom.order(count: 10, seed: 1) == [4, 2, 8, 1, 9, 3, 0, 6, 7, 5])
    #expect(SeededRandom.order(count: 10, seed: 2) == [9, 8, 3, 2, 4, 6, 1, 7, 5, 0])
    #expect(SeededRandom.order(count: 0, seed: 1).isEmpty)
    #expect(SeededRandom.order(count: 1, seed: 1) == [0])
  }

  @Test(arguments: 0 ..< 20)
  func anOrderHasEveryNumberOnce(seed: UInt64) {
    #expect(SeededRandom.order(count: 1_000, seed: seed).sorted() == Array(0 ..< 1_000))
  }

  @Test func everyPlaceIsAsLikely() {
    var counts = [[Int]](repeating: [0, 0, 0, 0], count: 4)
    for seed in 0 ..< 8_000 as Range<UInt64> {
      for (place, item) in SeededRandom.order(count: 4, seed: seed).enumerated() {
        counts[place][item] += 1
      }
    }
    // 2,000 each; five standard deviations are 194.
    for count in counts.joined() { #expect(abs(count - 2_000) < 194, "\(counts)") }
  }

  @Test func unitsAreBelowOne() {
    var random = SeededRandom(seed: 3)
    let units = (0 ..< 1_000).map { _ in random.unit() }
    #expect(units.allSatisfy { 0 <= $0 && $0 < 1 })
    #expect(units.contains { $0 < 0.01 } && units.contains { $0 > 0.99 })
  }
}

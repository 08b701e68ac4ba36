import Testing

@testable import Inference

@Suite("Rates of experts")
struct ExpertRatesTests {
  /// The whole layer takes 100 a row.
  ///
  /// By experts it is 10, and 1 for every expert that runs; with many rows 2.
  private let rates = ExpertRates(rates: [
    .init(rows: 1, whole: 100, row: 10, pair: 1), .init(rows: 8, whole: 100, row: 10, pair: 2),
  ])

  @Test(
    "say which way takes less time",
    arguments: [
      (rows: 1, pairs: 0, pays: true), (1, 89, true), (1, 90, false), (1, 200, false),
      (7, 7 * 89, true), (8, 8 * 44, true), (8, 8 * 45, false), (100, 100 * 44, true),
      (100, 100 * 46, false),
    ]
  )
  func comparison(rows: Int, pairs: Int, pays: Bool) {
    #expect(rates.paysToSkip(rows: rows, pairs: pairs) == pays)
  }

  @Test("of fewer rows than were measured are those of the fewest")
  func fewer() {
    let rates = ExpertRates(rates: [.init(rows: 4, whole: 100, row: 10, pair: 1)])
    #expect(rates.paysToSkip(rows: 1, pairs: 89))
    #expect(!rates.paysToSkip(rows: 1, pairs: 90))
  }

  @Test("that nobody measured run experts by themselves")
  func unmeasured() { #expect(ExpertRates().paysToSkip(rows: 3, pairs: 10_000)) }
}

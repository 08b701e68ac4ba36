import Foundation
import Testing

@testable import Inference

@Suite("Rates of experts")
struct ExpertRatesTests {
  /// The whole layer takes 100 a row.
  ///
  /// By experts it is 10, and 1 for every expert that runs; with many rows 2, and 4 for every expert that any of them runs.
  private let rates = ExpertRates(rates: [
    .init(rows: 1, whole: 100, row: 10, pair: 1, expert: 0),
    .init(rows: 8, whole: 100, row: 10, pair: 2, expert: 4),
  ])

  @Test(
    "say which way takes less time",
    arguments: [
      (rows: 1, pairs: 0, union: 0, pays: true), (1, 89, 89, true), (1, 90, 90, false),
      (1, 200, 200, false),
      (7, 7 * 89, 100, true), (8, 8 * 44, 1, true), (8, 8 * 44, 4, false), (8, 8 * 45, 0, false),
      (8, 8 * 40, 19, true),
      (8, 8 * 40, 20, false), (100, 100 * 44, 40, true), (100, 100 * 44, 60, false),
      (100, 100 * 46, 1, false),
    ]
  )
  func comparison(rows: Int, pairs: Int, union: Int, pays: Bool) {
    #expect(rates.paysToSkip(rows: rows, pairs: pairs, union: union) == pays)
  }

  @Test("are those that explain what was measured")
  func explained() {
    func sample(_ pairs: Int, _ union: Int) -> ExpertRates.Sample {
      .init(pairs: pairs, union: union, seconds: Double(8 * 10 + 2 * pairs + 4 * union))
    }
    let rate = ExpertRates.Rate(
      rows: 8,
      whole: 800,
      some: [sample(96, 60), sample(256, 90), sample(256, 32)]
    )
    #expect([rate.whole, rate.row, rate.pair, rate.expert] == [100, 10, 2, 4])
    // Of one row all picks are alike, and experts cannot be told from pairs.
    let one = ExpertRates.Rate(
      rows: 1,
      whole: 100,
      some: [sample(12, 12), sample(32, 32), sample(32, 32)]
    )
    #expect(one.expert == 0 && one.pair == 6)
  }

  @Test("are never negative, whatever a clock says")
  func disturbed() {
    let some = [(96, 60, 9.0), (256, 90, 3.0), (256, 32, 5.0)].map {
      ExpertRates.Sample(pairs: $0, union: $1, seconds: $2)
    }
    let rate = ExpertRates.Rate(rows: 8, whole: 1, some: some)
    #expect(rate.row >= 0 && rate.pair == 0 && rate.expert == 0)
  }

  @Test("of fewer rows than were measured are those of the fewest")
  func fewer() {
    let rates = ExpertRates(rates: [.init(rows: 4, whole: 100, row: 10, pair: 1, expert: 0)])
    #expect(rates.paysToSkip(rows: 1, pairs: 89, union: 89))
    #expect(!rates.paysToSkip(rows: 1, pairs: 90, union: 90))
  }

  @Test("say up to which share of experts these run by themselves")
  func shares() {
    // One row: 10 and its picks, at most 99. Eight: 10 + 2 picks + 4 × union ÷ 8, and of 50 picks one in 256 is in no row.
    let shares = rates.payingShares(experts: 100)
    #expect(shares.map(\.rows) == [1, 8])
    #expect(shares[0].share == 0.89)
    let union = { (picks: Double) in (100 * (1 - pow(1 - picks / 100, 8))).rounded() }
    let picks = shares[1].share * 100
    #expect(8 * 10 + 2 * 8 * picks + 4 * union(picks) < 800)
    #expect(8 * 10 + 2 * 8 * (picks + 1) + 4 * union(picks + 1) >= 800)
    let never = ExpertRates(rates: [.init(rows: 1, whole: 1, row: 2, pair: 1, expert: 1)])
    #expect(never.payingShares(experts: 96).map(\.share) == [0])
    #expect(ExpertRates().payingShares(experts: 96).isEmpty)
  }

  @Test("that nobody measured run experts by themselves")
  func unmeasured() { #expect(ExpertRates().paysToSkip(rows: 3, pairs: 10_000, union: 96)) }
}

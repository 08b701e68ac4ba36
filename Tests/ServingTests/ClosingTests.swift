import Inference
import Models
import Testing

@testable import Serving

/// The books balance when every count agrees and nothing is left, and not when one is off by one.
struct ClosingTests {
  /// Work in which every count has a value of its own.
  private static var work: Work {
    var work = Work()
    work.count(.attention, 5)
    work.countRows(2, layers: 3)
    work.countExperts(4, pairs: 2)
    (work.tokensIn, work.tokensOut, work.tokensReused) = (7, 2, 3)
    return work
  }

  private func closing(
    counted: Work = work,
    billed: Work = work,
    load: Load = Load(),
    total: Ledger.Total = Ledger.Total(work),
    callsOpen: Int = 0
  ) -> Closing {
    let books = Books(counters: counted, billed: billed, load: load)
    return Closing(books, billed: total, callsOpen: callsOpen)
  }

  @Test func whatAgreesBalances() {
    // Pages of a cache and the size of the pool are nobody's.
    var load = Load()
    (load.pages, load.pagesCached) = (64, 5)
    let closing = closing(load: load)
    #expect(closing.isBalanced)
    #expect(closing.macsBilled == 5 && closing.macsCounted == 5)
    #expect(closing.callsOpen == 0 && closing.load == load)
  }

  @Test func withoutTheEnginesBooksNothingBalances() {
    #expect(!Closing(nil, billed: Ledger.Total(), callsOpen: 0).isBalanced)
    #expect(!Closing().isBalanced)
  }

  @Test func whatTheEngineCountedAndDidNotBillIsFound() {
    let changes: [(inout Work) -> Void] =
      Part.allCases.map { part in { $0.count(part, 1) } } + [
        { $0.countSpared(1) }, { $0.layersRun += 1 }, { $0.expertsRun += 1 },
        { $0.countRows(1, layers: 0) }, { $0.countExperts(0) },
        { $0.tokensIn += 1 }, { $0.tokensOut += 1 }, { $0.tokensReused += 1 },
      ]
    for (index, change) in changes.enumerated() {
      var more = Self.work
      change(&more)
      #expect(!closing(counted: more).isBalanced, "counted, change \(index)")
      #expect(!closing(billed: more).isBalanced, "billed, change \(index)")
    }
  }

  @Test func whatTheEngineBilledAndTheEdgeDidNotIsFound() {
    let counts: [WritableKeyPath<Ledger.Total, UInt64>] = [
      \.macs, \.tokensIn, \.tokensOut, \.tokensReused, \.layersRun, \.expertsRun,
    ]
    for count in counts {
      for off: Int64 in [1, -1] {
        var total = Ledger.Total(Self.work)
        total[keyPath: count] = UInt64(Int64(total[keyPath: count]) + off)
        #expect(!closing(total: total).isBalanced, "\(count) off by \(off)")
      }
    }
  }

  @Test func whatIsLeftIsFound() {
    #expect(!closing(callsOpen: 1).isBalanced)
    for held: WritableKeyPath<Load, Int> in [\.sequences, \.pagesUsed, \.deferred] {
      var load = Load()
      load[keyPath: held] = 1
      #expect(!closing(load: load).isBalanced, "\(held)")
    }
  }
}

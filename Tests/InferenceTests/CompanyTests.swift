import Inference
import Models
import Support
import Testing

/// Batch-mates are invisible: a request gets bit for bit the same answer and the same work on its bill
/// in whatever company, slices and number of workers it runs.
struct CompanyTests {
  @Test(arguments: 0 ..< 30)
  func companyChangesNoBitAndNoBill(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let choice = WeightChoice.allCases[Int(seed) % WeightChoice.allCases.count]
    let bench = try Workbench(weights: choice)
    let guests = (1 ... UInt64.random(in: 4 ... 12, using: &random)).map {
      Guest($0, using: &random)
    }
    let most = gather(guests, on: bench, limits(seed, workers: Int(seed % 3) + 1, &random), &random)
    #expect(most > 1, "seed \(seed): there was company")

    let alone = try Workbench(weights: choice)
    for guest in guests {
      let name = "seed \(seed), \(choice), request \(guest.request.id.number)"
      // Another number of workers than in company.
      var engine = alone.engine(limits(seed, workers: Int(seed + 1) % 3 + 1, &random))
      alone.run(&engine, guest.orders)
      #expect(engine.booksBalance)
      let together = bench.results(guest.request.id)
      let wanted = alone.results(guest.request.id)
      let ending = try #require(bench.ending(guest.request.id), "\(name) ended once")
      let owed = try #require(alone.ending(guest.request.id))
      if case .finished = ending.outcome {
        #expect(together == wanted, "\(name)")
        #expect(ending.outcome == owed.outcome, "\(name)")
        #expect(ending.bill.work == owed.bill.work, "\(name)")
      } else {
        #expect(guest.leaves, "\(name) ended \(ending.outcome)")
        #expect(together == Array(wanted.prefix(together.count)), "\(name), up to its cancel")
      }
    }
  }

  private func limits(
    _ seed: UInt64,
    workers: Int,
    _ random: inout SplitMix64
  ) -> EngineLimits {
    var limits = EngineLimits()
    limits.keysAndValues = seed.isMultiple(of: 4) ? .int8 : .f32
    limits.workers = workers
    limits.rowsMax = Int.random(in: 1 ... 100, using: &random)
    limits.prefillRowsMax = Int.random(in: 1 ... 80, using: &random)
    return limits
  }

  /// Runs all guests in one engine; slots come back late and cancels between any two layers.
  ///
  /// - Returns: the most requests that ran at once.
  private func gather(
    _ guests: [Guest],
    on bench: Workbench,
    _ limits: EngineLimits,
    _ random: inout SplitMix64
  ) -> Int {
    let leaving = guests.filter(\.leaves).map(\.request.id)
    var chaos = SplitMix64(seed: random.next())
    bench.betweenLayers = { _ in
      leaving.filter { _ in Int.random(in: 0 ..< 40, using: &chaos) == 0 }.map {
        .end($0, .cancelled)
      }
    }
    var engine = bench.engine(limits)
    var (turn, most) = (0, 0)
    var owed: [Order] = []
    let last = guests.map { $0.comes + $0.pieces.count }.max() ?? 0
    repeat {
      let isBack = Int.random(in: 0 ..< 3, using: &random) > 0
      let emissions = engine.turn((isBack ? owed : []) + guests.flatMap { $0.orders(at: turn) })
      bench.record(emissions)
      if isBack { owed = [] }
      owed += emissions.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
      most = max(most, engine.load.running)
      turn += 1
    } while turn <= last || engine.hasWork || !owed.isEmpty
    #expect(engine.booksBalance)
    #expect(engine.load.sequences == 0 && engine.load.pagesUsed == 0)
    return most
  }
}

extension Workbench {
  /// A request's answer, without credit and bill.
  fileprivate func results(_ id: SequenceID) -> [Emission] { of(id).filter(\.takesSlot) }
}

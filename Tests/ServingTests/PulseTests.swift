import Inference
import Loop
import Models
import Support
import Testing

@testable import Serving

/// A pulse that expectations may ask, which cannot change a value.
private final class Asked {
  private var pulse: Pulse

  init(_ watchdog: Duration?) { pulse = Pulse(watchdog: watchdog) }

  var period: Duration { pulse.period }

  func ask() -> UInt64? { pulse.ask() }

  func answer(
    _ number: UInt64,
    _ progress: Progress,
    _ edge: Pulse.Edge,
    now: Duration
  ) -> [String] {
    pulse.answer(number, progress, edge, now: now)
  }
}

/// Signs of life: as long as the engine answers, and no longer.
struct PulseTests {
  private func progress(tokens: Int, macs: Int) -> Progress {
    var result = Progress()
    result.tokens = tokens
    result.macs = macs
    return result
  }

  @Test func anEngineThatNeverAnswersGivesNoSignOfLife() {
    let pulse = Asked(.seconds(10))
    #expect(pulse.ask() == 1)
    for _ in 0 ..< 1000 { #expect(pulse.ask() == nil, "it is asked once until it answers") }
    #expect(pulse.answer(0, Progress(), Pulse.Edge(), now: .seconds(1)).isEmpty, "not this one")
    #expect(pulse.answer(2, Progress(), Pulse.Edge(), now: .seconds(1)).isEmpty, "never asked")
    let late = pulse.answer(1, Progress(), Pulse.Edge(), now: .seconds(99))
    #expect(late.first == "WATCHDOG=1")
    #expect(pulse.answer(1, Progress(), Pulse.Edge(), now: .seconds(99)).isEmpty, "only once")
  }

  @Test(arguments: [1, 10, 200, 3000, 60_000])
  func anEngineThatAnswersIsNeverKilled(patience: Int) throws {
    let watchdog = Duration.milliseconds(patience)
    let pulse = Asked(watchdog)
    #expect(pulse.period <= max(watchdog / 2, .milliseconds(1)) && pulse.period <= .seconds(2))
    var (now, fed) = (Duration.zero, Duration.zero)
    for _ in 0 ..< 500 {
      let number = try #require(pulse.ask())
      if pulse.answer(number, Progress(), Pulse.Edge(), now: now).contains("WATCHDOG=1") {
        #expect(now - fed <= watchdog, "it waited \(now - fed)")
        fed = now
      }
      now += pulse.period
    }
    #expect(now - fed <= watchdog)
  }

  @Test func aDaemonThatIsNotWatchedOnlyTellsItsStatus() throws {
    let pulse = Asked(nil)
    let number = try #require(pulse.ask())
    let lines = pulse.answer(number, Progress(), Pulse.Edge(), now: .zero)
    #expect(
      lines == ["STATUS=serving 0 calls on 0 connections, 0 tokens/s, 0 multiply-adds/s"]
    )
  }

  @Test func theStatusIsToldWhenItChanges() throws {
    let pulse = Asked(nil)
    var edge = Pulse.Edge(calls: 12, connections: 3)
    func answer(_ progress: Progress, at seconds: Int) throws -> [String] {
      let number = try #require(pulse.ask())
      return pulse.answer(number, progress, edge, now: .seconds(seconds))
    }
    _ = try answer(Progress(), at: 0)
    #expect(
      try answer(progress(tokens: 176, macs: 4_800_000_000), at: 2)
        == ["STATUS=serving 12 calls on 3 connections, 88 tokens/s, 2.4 G multiply-adds/s"]
    )
    #expect(try answer(progress(tokens: 352, macs: 9_600_000_000), at: 4).isEmpty, "the same")
    edge = Pulse.Edge(calls: 1, connections: 1, isDraining: true)
    #expect(
      try answer(progress(tokens: 352, macs: 9_600_000_000), at: 6)
        == ["STATUS=draining 1 call on 1 connection, 0 tokens/s, 0 multiply-adds/s"]
    )
  }

  @Test(arguments: [
    (0.0, "0"), (87.6, "88"), (999_999, "999999"), (1_000_000, "1.0 M"), (99_940_000, "99.9 M"),
    (456_700_000, "456 M"), (2.44e9, "2.4 G"), (7.1e12, "7.1 T"),
  ])
  func numbersAreShort(value: Double, text: String) { #expect(Pulse.scaled(value) == text) }

  /// The engine's thread, stuck in the middle of a turn by a clock that does not come back.
  @Test func aStuckEngineDoesNotAnswerItsEcho() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: folder.path)
    let model = try ServedModel(name: "m", checkpoint: Checkpoint.open(path: folder.path))
    let loop = try EventLoop()
    let orders = WorkQueue<Order>(offersMax: 4)
    let (gate, arrivals) = (WorkQueue<Bool>(offersMax: 4), WorkQueue<Bool>(offersMax: 4))
    var heard: [String] = []
    let notes = try Mailbox<Bool>(on: loop) { _ in
      heard.append("note")
      gate.close()
    }
    let reports = try Mailbox<EngineReport>(on: loop) { reports in
      for report in reports {
        switch report {
        case .ready:
          gate.post(true)
          orders.post(.echo(1))
        case .alive(let number, _):
          heard.append("alive \(number)")
          if number == 2 { orders.close() }
        case .emissions: break
        case .stopped: loop.stop()
        }
      }
    }
    // The gate is open until it holds something; then whoever looks at the clock waits for its closing.
    let clock: @Sendable () -> Duration = {
      if !gate.isEmpty {
        arrivals.post(true)
        while !gate.take(waiting: true).isEmpty {}
      }
      return .zero
    }
    let engine = WorkerThread(named: "engine") {
      runEngine([model], limits: EngineLimits(), clock: clock, orders: orders, reports: reports)
    }
    let watcher = WorkerThread(named: "watcher") {
      _ = arrivals.take(waiting: true)
      // The engine is stuck and has the first echo; the second waits in its queue.
      orders.post(.echo(2))
      notes.post(true)
    }
    loop.run()
    engine.join()
    watcher.join()
    #expect(heard == ["note", "alive 1", "alive 2"])
    loop.close()
  }
}

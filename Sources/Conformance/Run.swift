public import Loop

/// All cases against one server, several at a time.
public struct Run {
  /// A case and what came of it.
  public struct Report: Sendable {
    /// The case.
    public let `case`: Case
    /// What came of it.
    public let outcome: Outcome
    /// How long it took.
    public let time: Duration
  }

  private let address: Address
  private let settings: Settings

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - address: where the server listens.
  ///   - settings: how the run goes about it.
  public init(_ address: Address, _ settings: Settings = Settings()) {
    self.address = address
    self.settings = settings
  }

  /// Why nobody can be tried at an address; nil if somebody greets there.
  ///
  /// - Parameters:
  ///   - address: where the server listens.
  ///   - settings: how long to wait.
  /// - Returns: the reason, for a person.
  public static func problem(with address: Address, _ settings: Settings) -> String? {
    do {
      let loop = try EventLoop()
      defer { loop.close() }
      try Probe(on: loop, patience: settings.patience).connect(to: address)
      return nil
    } catch let failure as Failure {
      return failure.reason
    } catch {
      return "\(error)"
    }
  }

  /// The cases that the settings choose, in order.
  public var cases: [Case] {
    guard !settings.only.isEmpty else { return Case.all }
    return Case.all.filter { one in settings.only.contains { one.matches($0) } }
  }

  /// Runs the cases; the calling thread waits.
  ///
  /// - Parameter tell: called with each report as it becomes known, in the order of the cases.
  /// - Returns: all reports, in the order of the cases.
  /// - Throws: `LoopError` when the process has no descriptors left.
  @discardableResult
  public func run(_ tell: (Report) -> Void = { _ in }) throws -> [Report] {
    let loop = try EventLoop()
    let knowledge = Knowledge.ask(address, settings, on: loop)
    loop.close()
    let cases = cases
    var reports: [Int: Report] = [:]
    var told = 0
    func note(_ index: Int, _ report: Report) {
      reports[index] = report
      while let next = reports[told] {
        tell(next)
        told += 1
      }
    }
    let together = cases.indices.filter { cases[$0].pace != .alone }
    let alone = cases.indices.filter { cases[$0].pace == .alone }
    for (indices, lanes) in [(together, settings.lanes), (alone, 1)] where !indices.isEmpty {
      perform(indices, cases, lanes: lanes, knowledge, note)
    }
    return cases.indices.compactMap { reports[$0] }
  }

  private func perform(
    _ indices: [Int],
    _ cases: [Case],
    lanes: Int,
    _ knowledge: Knowledge,
    _ note: (Int, Report) -> Void
  ) {
    let results = WorkQueue<(lane: Int, index: Int?, report: Report?)>(offersMax: 1)
    let lanes = (0 ..< min(lanes, indices.count)).map { lane in
      Lane(lane, address, settings, knowledge, cases, results)
    }
    var waiting = indices[...]
    var running = lanes.count
    while running > 0 {
      for (lane, index, report) in results.take(waiting: true) {
        if let index, let report { note(index, report) }
        if let next = waiting.popFirst() {
          lanes[lane].work.post(next)
        } else {
          lanes[lane].work.close()
          running -= 1
        }
      }
    }
    for lane in lanes { lane.thread.join() }
  }
}

/// A thread that runs cases, one after the other.
private struct Lane {
  let work: WorkQueue<Int>
  let thread: WorkerThread

  init(
    _ number: Int,
    _ address: Address,
    _ settings: Settings,
    _ knowledge: Knowledge,
    _ cases: [Case],
    _ results: WorkQueue<(lane: Int, index: Int?, report: Run.Report?)>
  ) {
    let work = WorkQueue<Int>(offersMax: 1)
    self.work = work
    thread = WorkerThread(named: "cases \(number)") {
      results.post((number, nil, nil))
      while let index = work.take(waiting: true).first {
        results.post((number, index, perform(cases[index], address, settings, knowledge)))
      }
    }
  }
}

/// Runs one case on a loop of its own.
private func perform(
  _ one: Case,
  _ address: Address,
  _ settings: Settings,
  _ knowledge: Knowledge
) -> Run.Report {
  let clock = ContinuousClock()
  let began = clock.now
  var outcome = Outcome.passed
  do {
    let loop = try EventLoop()
    let stage = Stage(address, settings, knowledge, on: loop)
    do {
      if one.pace == .slow { _ = try stage.slowly() }
      try one.body(stage)
      try stage.leave()
    } catch let skip as Skip {
      outcome = .skipped(skip.reason)
    } catch let failure as Failure {
      outcome = .failed(failure.reason)
    }
    stage.abandon()
    loop.close()
  } catch {
    outcome = .failed("\(error)")
  }
  return Run.Report(case: one, outcome: outcome, time: clock.now - began)
}

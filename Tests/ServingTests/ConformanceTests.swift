import Conformance
import Loop
import Support
import Testing
import Wire

@testable import Serving

/// Every case of `mete conformance` against our daemon, and against servers that are wrong in one thing each.
struct ConformanceTests {
  private func skips(_ reports: [Run.Report]) -> Set<String> {
    Set(
      reports.compactMap { if case .skipped = $0.outcome { $0.case.name } else { nil } }
    )
  }

  @Test func thereAreCasesOfEverySection() {
    #expect(Case.all.count >= 120)
    #expect(Set(Case.all.map(\.name)).count == Case.all.count, "names are unique")
    #expect(Set(Case.all.map(\.number)).count == Case.all.count, "numbers are unique")
    #expect(Set(Case.all.map(\.section)) == [1, 2, 3, 4, 5, 6])
    let page = Repository.text("docs/PROTOCOL.md")
    for one in Case.all { #expect(!one.rule.isEmpty, "\(one.name) shows nothing") }
    #expect(page.contains("mete conformance"))
  }

  @Test(arguments: [true, false])
  func ourDaemonPassesEveryCase(overUnix: Bool) throws {
    let daemon = try DaemonHarness()
    var settings = Settings()
    settings.patience = .seconds(30)
    settings.other = overUnix ? daemon.tcp : daemon.unix
    let reports = try Run(overUnix ? daemon.unix : daemon.tcp, settings).run()
    #expect(reports.count == Case.all.count)
    #expect(failures(reports) == [])
    let slow = Set(Case.all.filter { $0.pace == .slow }.map(\.name))
    let others: Set = ["a_drain", "slow_reader"]
    #expect(skips(reports).subtracting(slow) == others)
    #expect(daemon.stop().isBalanced)
  }

  @Test func theServersOwnTimesAreKept() throws {
    let daemon = try DaemonHarness {
      $0.limits.wire.hello = .milliseconds(300)
      $0.limits.wire.idle = .milliseconds(300)
      $0.limits.wire.keepalive = .milliseconds(200)
      $0.limits.wire.keepaliveTimeout = .milliseconds(300)
    }
    var settings = Settings()
    settings.slowPatience = .seconds(20)
    settings.only = ["hello_timeout", "idle_timeout", "an_open_stream_*", "keepalive_*"]
    let reports = try Run(daemon.unix, settings).run()
    #expect(reports.count == 5)
    #expect(failures(reports) == [] && skips(reports) == [])
    #expect(daemon.stop().isBalanced)
  }

  @Test func anOldConnectionGoesAway() throws {
    let daemon = try DaemonHarness { $0.limits.wire.age = .milliseconds(300) }
    var settings = Settings()
    settings.slowPatience = .seconds(20)
    settings.only = ["a_connection_of_age_goes_away"]
    let reports = try Run(daemon.unix, settings).run()
    #expect(reports.map(\.outcome) == [.passed])
    #expect(daemon.stop().isBalanced)
  }

  @Test func aSlowReaderIsTried() throws {
    let daemon = try DaemonHarness {
      $0.limits.wire.streamsMax = 20_000
      $0.limits.wire.resetsMax = 20_000
      $0.limits.wire.controlBytesMax = 65_536
    }
    var settings = Settings()
    settings.patience = .seconds(30)
    settings.only = ["slow_reader"]
    #expect(try Run(daemon.unix, settings).run().map(\.outcome) == [.passed])
    #expect(daemon.stop().isBalanced)
  }

  @Test func aDrainIsTried() throws {
    let daemon = try DaemonHarness { $0.drain = .seconds(30) }
    var settings = Settings()
    settings.only = ["a_drain"]
    settings.drain = daemon.drain
    let reports = try Run(daemon.unix, settings).run()
    #expect(reports.map(\.outcome) == [.passed])
    #expect(daemon.stop().isBalanced)
  }

  @Test(arguments: Fault.groups(of: 4))
  func aFaultFailsItsCasesAndNoOthers(faults: [Fault]) {
    // Most of the time goes by waiting for what a faulty server never sends, so several wait at once.
    let complaints = WorkQueue<(Fault, String?)>(offersMax: 1)
    let threads = faults.map { fault in
      WorkerThread(named: "fault") {
        complaints.post((fault, complaint(about: fault, patience: .seconds(3))))
      }
    }
    for thread in threads { thread.join() }
    let told = complaints.take(waiting: false)
    #expect(told.count == faults.count)
    // What only came too late, on a busy machine, comes in time alone.
    for (fault, first) in told where first != nil {
      #expect(complaint(about: fault, patience: .seconds(12)) == nil, "after \(first ?? "")")
    }
  }
}

/// What did not pass, as `number name: reason`.
private func failures(_ reports: [Run.Report]) -> [String] {
  reports.compactMap {
    guard case .failed(let reason) = $0.outcome else { return nil }
    return "\($0.case.number) \($0.case.name): \(reason)"
  }
}

/// How the cases that fail with a fault differ from those that should; nil if they do not.
private func complaint(about fault: Fault, patience: Duration) -> String? {
  do {
    let daemon = try DaemonHarness()
    let server = try FaultyServer(before: daemon.unix, fault)
    var settings = Settings()
    settings.patience = patience
    settings.crowd = 20
    settings.lanes = 12
    let reports = try Run(server.address, settings).run()
    server.stop()
    let isBalanced = daemon.stop().isBalanced
    let failed = reports.filter { if case .failed = $0.outcome { true } else { false } }
    let names = Set(failed.map(\.case.name))
    guard names != fault.fails || fault.fails.isEmpty || !isBalanced else { return nil }
    let needless = failures(failed.filter { !fault.fails.contains($0.case.name) })
    return "\(fault): failed for nothing \(needless); not seen by \(fault.fails.subtracting(names))"
  } catch {
    return "\(fault): \(error)"
  }
}

import Foundation
import Inference
import Logging
import Models
import Support
import Testing
import Wire

@testable import Serving

struct TariffTests {
  @Test func moneyIsExactAndRoundedUp() {
    var tariff = Tariff()
    tariff.microPerGigaMAC = 40
    #expect(tariff.price(macs: 0) == 0)
    #expect(tariff.price(macs: 1) == 1)
    #expect(tariff.price(macs: 25_000_000) == 1)
    #expect(tariff.price(macs: 25_000_001) == 2)
    #expect(tariff.price(macs: 1_000_000_000) == 40)
    tariff.microPerGigaMAC = 1_000_000_000
    #expect(tariff.price(macs: 1 << 62) == 1 << 62, "the product needs more than 64 bits")
  }
}

struct LedgerTests {
  private func bill(_ call: CallID, of tenant: String, macs: UInt64) -> Wire.Bill {
    var bill = Wire.Bill(call: call)
    bill.tenant = tenant
    bill.macsTotal = macs
    return bill
  }

  @Test func onlyTheTenantGetsItsBill() {
    var ledger = Ledger(rememberedMax: 10)
    let call = CallID()
    let taken1 = ledger.begin(call, of: "a")
    #expect(taken1)
    #expect(ledger.bill(call, of: "a") == nil, "it runs still")
    ledger.enter(bill(call, of: "a", macs: 5), began: true)
    #expect(ledger.bill(call, of: "a")?.macsTotal == 5)
    #expect(ledger.bill(call, of: "b") == nil)
  }

  /// What the drain compares with the engine's counters: every count of every bill, of checks too.
  @Test func totalsHaveAllCounts() {
    var ledger = Ledger(rememberedMax: 10)
    var own = bill(CallID(), of: "a", macs: 5)
    (own.tokensIn, own.tokensOut, own.tokensReused) = (7, 2, 3)
    (own.layersRun, own.expertsRun) = (11, 13)
    ledger.enter(own, began: false)
    ledger.enter(check: own)
    var work = Work()
    work.count(.experts, 10)
    (work.tokensIn, work.tokensOut, work.tokensReused) = (14, 4, 6)
    (work.layersRun, work.expertsRun) = (22, 26)
    #expect(ledger.total == Ledger.Total(work), "\(ledger.total)")
    #expect(ledger.total.description.contains("tokens_reused 6"))
  }

  @Test func anIdIsTakenWhileItRunsAndWhileItIsRemembered() {
    var ledger = Ledger(rememberedMax: 10)
    let call = CallID()
    let taken2 = ledger.begin(call, of: "a")
    #expect(taken2)
    let taken3 = ledger.begin(call, of: "a")
    #expect(!taken3)
    let taken4 = ledger.begin(call, of: "b")
    #expect(taken4, "another tenant may use it")
    ledger.enter(bill(call, of: "a", macs: 5), began: true)
    let taken5 = ledger.begin(call, of: "a")
    #expect(!taken5)
    ledger.enter(bill(call, of: "a", macs: 0), began: false)
    #expect(ledger.bill(call, of: "a")?.macsTotal == 5, "a refused double changes nothing")
    #expect(ledger.billsCount == 2)
    #expect(ledger.runningCount == 1)
  }

  @Test func theOldestIsForgottenFirst() {
    var ledger = Ledger(rememberedMax: 3)
    let calls = (0 ..< 5000).map { _ in CallID() }
    for call in calls {
      let taken6 = ledger.begin(call, of: "a")
      #expect(taken6)
      ledger.enter(bill(call, of: "a", macs: 1), began: true)
    }
    let remembered = calls.filter { ledger.bill($0, of: "a") != nil }
    #expect(remembered == Array(calls.suffix(3)))
    #expect(ledger.total.macs == 5000)
  }
}

struct DeadlinesTests {
  @Test func endsAreCountedByHowLateTheyAre() {
    var deadlines = Deadlines()
    for (late, layer) in [(0, 5), (0, 0), (3, 5), (5, 5), (6, 5), (40, 7)] {
      deadlines.note(Punctuality(late: .microseconds(late), layer: .microseconds(layer)))
    }
    let told = deadlines.description
    #expect(told["count"] == 6 && told["late"] == 4 && told["beyond_layer"] == 2)
    #expect(told["late_us_max"] == 40)
  }
}

struct JournalLogTests {
  @Test func aLineIsOneLine() {
    let line = JournalLog.line(
      level: .warning,
      text: "two\nlines",
      pairs: ["b": "x y", "a": "1", "c": "q\"q"],
      isJournal: true,
      now: .now
    )
    #expect(line == "<4>two\\nlines a=1 b=\"x y\" c=\"q\\\"q\"\n")
  }

  @Test func nobodyForgesALine() {
    let line = JournalLog.line(
      level: .info,
      text: "x",
      pairs: ["m": "a\r\nb", "n": "\u{1B}[31m", "o": "q\"\u{301} a=b", "p": "\u{2028}"],
      isJournal: true,
      now: .now
    )
    let wanted = #"<6>x m="a\r\nb" n="\u{1b}[31m" o="q\""# + "\u{301}" + #" a=b" p="\u{2028}""#
    #expect(line == wanted + "\n")
  }

  @Test func aTerminalGetsTheTime() {
    let line = JournalLog.line(level: .info, text: "x", pairs: [:], isJournal: false, now: .now)
    #expect(line.contains("T") && line.hasSuffix("Z INFO x\n"))
  }
}

struct ParametersTests {
  private func problem(_ method: Method, _ params: [Value.Entry]) -> WireError? {
    do throws(WireError) {
      _ = try Parameters(params, of: method).task(seed: 1)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    ("max_tokens", Value.uint(0)), ("max_tokens", .string("5")), ("temperature", .double(-1)),
    ("temperature", .double(.nan)), ("top_p", .double(0)), ("top_p", .double(1.5)),
    ("min_p", .double(2)), ("repetition_penalty", .double(0)), ("seed", .int(-1)),
    ("stop", .string("x")), ("stop", .array([.string("")])),
    ("stop", .array(Array(repeating: .string("x"), count: 17))), ("format", .string("html")),
    ("system", .string("without chat")), ("ignore_eos", .uint(1)),
    ("top_k", .double(1.5)),
  ])
  func aWrongParameterIsNamed(name: String, value: Value) throws {
    let error = try #require(problem(.generate, [Value.Entry(name, value)]))
    #expect(error.detail == .badOption)
    #expect(error.text.contains("\"\(name)\""), "\(error.text)")
  }

  /// An effort below 1 or a floor, beside settings: nothing would say which of them wins.
  @Test(arguments: ["tau", "threshold", "first_exit"], [Method.classify, .classifyStream])
  func effortAndSettingsDoNotGoTogether(setting: String, method: Method) throws {
    let parameters = try Parameters([Value.Entry(setting, 1)], of: method)
    func problem(_ change: (inout Open) -> Void) -> WireError? {
      var open = Open(method.rawValue)
      change(&open)
      do throws(WireError) {
        try parameters.checkChoice(beside: open)
        return nil
      } catch { return error }
    }
    let changes: [(String, (inout Open) -> Void)] = [
      ("effort", { $0.effort = 0.99 }), ("effort", { $0.effort = 0 }),
      ("effort_min", { $0.effortMin = 0 }), ("effort_min", { $0.effortMin = 1 }),
      ("effort", { ($0.effort, $0.effortMin, $0.macsMax) = (0.5, 0.5, 9) }),
    ]
    for (name, change) in changes {
      let error = try #require(problem(change))
      #expect(error.detail == .badOption)
      #expect(error.text.contains("\"\(name)\"") && error.text.contains("\"\(setting)\""))
    }
    #expect(problem { _ in } == nil)
    #expect(problem { $0.effort = 1 } == nil, "as if it were absent")
    #expect(problem { ($0.macsMax, $0.costMax, $0.deadline) = (1, 1, .seconds(1)) } == nil)
  }

  @Test func boundsGoWithAnEffort() throws {
    let parameters = try Parameters([], of: .classify)
    var open = Open("Classify")
    (open.effort, open.effortMin) = (0.5, 0.2)
    (open.macsMax, open.costMax, open.deadline) = (1, 1, .seconds(1))
    try parameters.checkChoice(beside: open)
  }

  @Test func anUnknownParameterIsRefusedWithTheKnownOnes() throws {
    let error = try #require(problem(.predict, [Value.Entry("topk", .uint(1))]))
    #expect(error.text.contains("topk") && error.text.contains("top_k"))
  }

  @Test func theDocumentedDefaultsHold() throws {
    let task = try Parameters([], of: .generate).task(seed: 9)
    guard case .generate(let parameters) = task else {
      Issue.record("\(task)")
      return
    }
    var wanted = GenerateParameters()
    wanted.tokensMax = 128
    wanted.sampling.seed = 9
    #expect(parameters == wanted)
  }
}

import Inference
import Wire

/// Who owes what: calls that run, bills that went out, and their sum.
struct Ledger {
  /// Bills of calls that were issued.
  private(set) var billsCount = 0
  /// Bills of checks, which nobody called for.
  private(set) var checksCount = 0
  /// Sums over all bills.
  private(set) var total = Total()

  /// How many bills are remembered.
  var rememberedMax: Int { didSet { forgetOld() } }
  private var running: Set<Key> = []
  private var remembered: [Key: Wire.Bill] = [:]
  /// Remembered keys, oldest first; `oldest` counts those at the front that are gone.
  private var order: [Key] = []
  private var oldest = 0

  /// What the bills add up to.
  struct Total: Equatable, CustomStringConvertible {
    var macs: UInt64 = 0
    var tokensIn: UInt64 = 0
    var tokensOut: UInt64 = 0
    var tokensReused: UInt64 = 0
    var layersRun: UInt64 = 0
    var expertsRun: UInt64 = 0

    init() {}

    init(_ work: Work) {
      macs = UInt64(work.macsTotal)
      tokensIn = UInt64(work.tokensIn)
      tokensOut = UInt64(work.tokensOut)
      tokensReused = UInt64(work.tokensReused)
      layersRun = UInt64(work.layersRun)
      expertsRun = UInt64(work.expertsRun)
    }

    var description: String {
      "macs \(macs), tokens_in \(tokensIn), tokens_out \(tokensOut), tokens_reused \(tokensReused), "
        + "layers_run \(layersRun), experts_run \(expertsRun)"
    }
  }

  private struct Key: Hashable {
    let tenant: String
    let call: CallID
  }

  init(rememberedMax: Int) { self.rememberedMax = rememberedMax }

  /// Calls that run.
  var runningCount: Int { running.count }

  /// Notes that a call runs.
  ///
  /// - Returns: false if the tenant uses the id already, for a call that runs or is remembered.
  mutating func begin(_ call: CallID, of tenant: String) -> Bool {
    let key = Key(tenant: tenant, call: call)
    return remembered[key] == nil && running.insert(key).inserted
  }

  /// Takes a call's bill; once per call.
  ///
  /// - Parameters:
  ///   - bill: what it owes.
  ///   - began: whether `begin` had taken the id; a refused duplicate must not overwrite the first.
  ///   - remembers: whether the id stays taken and the bill can be asked for.
  mutating func enter(_ bill: Wire.Bill, began: Bool, remembers: Bool = true) {
    billsCount += 1
    total.macs += bill.macsTotal
    total.tokensIn += bill.tokensIn
    total.tokensOut += bill.tokensOut
    total.tokensReused += bill.tokensReused
    total.layersRun += bill.layersRun
    total.expertsRun += bill.expertsRun
    guard began else { return }
    let key = Key(tenant: bill.tenant, call: bill.call)
    precondition(running.remove(key) != nil, "call \(bill.call) was billed twice")
    guard remembers else { return }
    remembered[key] = bill
    order.append(key)
    forgetOld()
  }

  /// A remembered bill of the tenant.
  func bill(_ call: CallID, of tenant: String) -> Wire.Bill? {
    remembered[Key(tenant: tenant, call: call)]
  }

  /// Takes the bill of a check.
  mutating func enter(check bill: Wire.Bill) {
    checksCount += 1
    enter(bill, began: false)
    billsCount -= 1
  }

  private mutating func forgetOld() {
    while order.count - oldest > rememberedMax {
      remembered[order[oldest]] = nil
      oldest += 1
    }
    // Shift rarely, so that forgetting costs O(1) on average.
    if oldest > 1024, oldest * 2 > order.count {
      order.removeFirst(oldest)
      oldest = 0
    }
  }
}

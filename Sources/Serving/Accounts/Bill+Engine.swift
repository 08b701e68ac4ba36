import Inference
import Models
import Wire

extension Wire.Bill {
  /// Writes the bill of a call.
  ///
  /// - Parameters:
  ///   - call: whose.
  ///   - engine: what the engine counted; nothing if it never saw the call.
  ///   - status: as in END.
  ///   - tariff: the model's price.
  init(of call: Call, _ engine: Inference.Bill, status: Status, tariff: Tariff?) {
    self.init(call: call.id)
    tenant = call.tenant
    model = call.model
    method = call.open.method
    self.status = status
    effortAsked = call.open.effort
    macsMax = call.open.macsMax
    costMax = call.open.costMax
    take(engine, tariff: tariff)
  }

  /// Writes the bill of a check, which is the operator's.
  ///
  /// - Parameters:
  ///   - check: what was checked, and what that cost.
  ///   - call: an id for it.
  ///   - tenant: the operator's.
  ///   - tariff: the model's price.
  init(of check: RailReport, call: CallID, tenant: String, tariff: Tariff?) {
    self.init(call: call)
    self.tenant = tenant
    model = check.model
    method = "Check"
    status = check.agrees == nil ? .aborted : .ok
    totalTime = check.bill.total
    take(check.bill, tariff: tariff)
  }

  private mutating func take(_ engine: Inference.Bill, tariff: Tariff?) {
    let work = engine.work
    tokensIn = UInt64(work.tokensIn)
    tokensReused = UInt64(work.tokensReused)
    tokensOut = UInt64(work.tokensOut)
    macs.attention = UInt64(work[.attention])
    macs.experts = UInt64(work[.experts])
    macs.routers = UInt64(work[.routers])
    macs.exits = UInt64(work[.exits])
    macs.head = UInt64(work[.head])
    macs.adapter = UInt64(work[.adapter])
    macs.embedding = UInt64(work[.embedding])
    macsTotal = macs.total
    macsDense = UInt64(work.macsDense)
    layersRun = UInt64(work.layersRun)
    expertsRun = UInt64(work.expertsRun)
    layersHistogram = work.layersHistogram.map(UInt64.init)
    expertsHistogram = work.expertsHistogram.map(UInt64.init)
    queueTime = engine.queued
    computeTime = engine.computing
    effortGiven = engine.effortGiven
    costMicro = UInt64(tariff?.price(macs: work.macsTotal) ?? 0)
    currency = tariff?.currency ?? ""
  }
}

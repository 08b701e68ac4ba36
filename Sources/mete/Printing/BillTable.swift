import MeteClient

/// A bill as a small table: name, figure, unit or remark.
struct BillTable {
  private let bill: Bill
  private let metadata: Metadata

  init(_ bill: Bill, metadata: Metadata = Metadata()) {
    self.bill = bill
    self.metadata = metadata
  }

  /// The table; every line has its line break.
  var text: String {
    let head = "bill \(bill.call)\n\(title)\n"
    guard !isEmpty else { return head + "  no work was done, and nothing is charged\n" }
    var table = Columns(right: [1])
    table.add("tokens in", bill.tokensIn.grouped)
    if bill.tokensReused > 0 { table.add("  reused", bill.tokensReused.grouped) }
    table.add("tokens out", bill.tokensOut.grouped, rate)
    table.add("multiply-adds", bill.macsTotal.grouped, saved)
    for (part, count) in parts where count > 0 {
      table.add("  \(part)", count.grouped, share(count))
    }
    table.add("waited", bill.queueTime.milliseconds, "ms")
    table.add("computed", bill.computeTime.milliseconds, "ms")
    table.add("in all", bill.totalTime.milliseconds, "ms")
    table.add("bytes in", bill.bytesIn.grouped)
    table.add("bytes out", bill.bytesOut.grouped)
    if bill.effortAsked != 1 || bill.effortGiven != 1 {
      table.add("effort", bill.effortGiven.fixed(2), "of \(bill.effortAsked.fixed(2)) asked")
    }
    if let most = bill.macsMax { table.add("multiply-adds max", most.grouped) }
    if let most = bill.costMax { table.add("cost max", money(most), bill.currency) }
    table.add("cost", money(bill.costMicro), bill.currency)
    return head + table.text(indent: 2)
  }

  /// A call that was refused cost nothing; a table of zeros would only hide the reason above it.
  private var isEmpty: Bool {
    bill.tokensIn == 0 && bill.tokensOut == 0 && bill.macsTotal == 0 && bill.costMicro == 0
  }

  private var title: String {
    let what = bill.model.isEmpty ? bill.method : "\(bill.method) on \(bill.model)"
    let notes = metadata.entries.compactMap { entry in
      entry.value.asString.map { ", \(entry.key) \($0)" }
    }
    let how = "\(bill.status)" + notes.joined()
    return "  \(what) for \(bill.tenant): \(how)"
  }

  /// Tokens out over the time from OPEN to END.
  private var rate: String {
    let seconds = bill.totalTime / .seconds(1)
    guard bill.method == "Generate", bill.tokensOut > 0, seconds > 0 else { return "" }
    return "\((Double(bill.tokensOut) / seconds).fixed(1)) a second"
  }

  private var saved: String {
    guard bill.macsDense > 0, bill.macsDense != bill.macsTotal else { return "" }
    return
      "\((100 * Double(bill.macsTotal) / Double(bill.macsDense)).fixed(1)) % of the dense model"
  }

  private func share(_ count: UInt64) -> String {
    "\((100 * Double(count) / Double(max(bill.macsTotal, 1))).fixed(1)) %"
  }

  private func money(_ micro: UInt64) -> String {
    let (whole, fraction) = micro.quotientAndRemainder(dividingBy: 1_000_000)
    return "\(whole.grouped).\("\(fraction)".leftZeros(6))"
  }

  private var parts: [(String, UInt64)] {
    [
      ("attention", bill.macs.attention), ("experts", bill.macs.experts),
      ("routers", bill.macs.routers), ("exits", bill.macs.exits), ("head", bill.macs.head),
      ("adapter", bill.macs.adapter), ("embedding", bill.macs.embedding),
    ]
  }
}

extension String {
  fileprivate func leftZeros(_ width: Int) -> String {
    String(repeating: "0", count: max(0, width - count)) + self
  }
}

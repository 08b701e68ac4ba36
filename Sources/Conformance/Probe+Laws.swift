import Wire

// What holds on every stream, whatever a case is about: one END, then one BILL, and nothing more.

extension Probe {
  func takeEnd(_ stream: StreamID, _ end: End, _ length: Int) {
    guard let answer = answers[stream] else {
      return breaks("END on stream \(stream), which was never opened (§4)")
    }
    if answer.end != nil { breaks("a second END on stream \(stream) (§4)") }
    if let owed = statuses[end.detail], owed != end.status.rawValue {
      breaks("END(\(end.status.rawValue), \(end.detail)); that word has status \(owed) (§2)")
    }
    if end.text.utf8.count > 1024 { breaks("the text of END is over 1,024 bytes (§2)") }
    answers[stream]?.end = end
    answers[stream]?.bytesOut += length + 4
    answers[stream]?.endedAfterGoAway = goAway != nil
  }

  func takeBill(_ stream: StreamID, _ bill: Bill, _ value: Value?) {
    guard let answer = answers[stream] else {
      return breaks("BILL on stream \(stream), which was never opened (§4)")
    }
    if answer.bill != nil { breaks("a second BILL on stream \(stream) (§4)") }
    guard let end = answer.end else { return breaks("BILL before END on stream \(stream) (§4)") }
    answers[stream]?.bill = bill
    answers[stream]?.billValue = value
    if bill.status != end.status {
      breaks("the bill says status \(bill.status.rawValue), END \(end.status.rawValue) (§4.3)")
    }
    if bill.macs.total != bill.macsTotal {
      breaks("macs_total is \(bill.macsTotal), the parts sum to \(bill.macs.total) (§4.3)")
    }
    if Int(bill.bytesOut) != answer.bytesOut {
      breaks("bytes_out is \(bill.bytesOut), and \(answer.bytesOut) came up to END (§4.3)")
    }
    if Int(bill.bytesIn) > answer.bytesIn + rawBytes {
      breaks("bytes_in is \(bill.bytesIn), and only \(answer.bytesIn) were sent (§4.3)")
    }
    if let call = answer.call, call.count == 16, call != bill.call.bytes, end.detail != "bad_option"
    {
      breaks("the bill is for call \(bill.call), another than OPEN named (§4.3)")
    }
  }
}

import Loop
import Wire

// §4 and §4.3: ids, and the bill.

extension Case {
  static let bills: [Case] = [
    Case("a_bill_has_every_key", "The bill's keys.") {
      let answer = try $0.connect().ask("Health.Check").ended("ok")
      let keys = answer.billValue?.asMap?.map(\.key) ?? []
      let missing = billKeys.filter { !keys.contains($0) }
      try require(missing.isEmpty, "missing are \(missing)")
    },
    Case("a_refused_call_is_billed", "The server sends a BILL whatever happened.") {
      let bill = try $0.connect().ask("Nonsense").ended("unknown_method").bill
      try require(bill?.method == "Nonsense" && bill?.model == "", "method and model as reached")
      try require(bill?.macsTotal == 0 && bill?.costMicro == 0, "a refused call costs nothing")
    },
    Case("a_bill_says_whose_and_what", "tenant, model, method: whose, on what, which.") {
      let name = try $0.model(for: "Tokenize").name
      let bill = try $0.succeed("Tokenize", [:], ["sun"]).bill
      try require(bill?.tenant.isEmpty == false, "the bill names no tenant")
      try require(bill?.model == name, "the model is \(bill?.model ?? "")")
      try require(bill?.method == "Tokenize", "the method is \(bill?.method ?? "")")
    },
    Case("tokens_are_counted", "tokens_in, tokens_out: read; results of the model.") {
      let bill = try $0.succeed(
        "Predict",
        ["max_tokens": 8, "special": false],
        [[1, 1, 1], [1, 1]]
      ).bill
      try require(bill?.tokensIn == 5 && bill?.tokensOut == 5, "5 and 5 are owed")
    },
    Case("generated_tokens_are_counted", "tokens_out: a token (the end-of-text token too).") {
      let answer = try $0.succeed("Generate", ["max_tokens": 7, "ignore_eos": true], [[1, 1, 1]])
      try require(answer.bill?.tokensIn == 3 && answer.bill?.tokensOut == 7, "3 and 7 are owed")
    },
    Case(
      "histograms_agree_with_sums",
      "layers_histogram, experts_histogram, layers_run, experts_run."
    ) {
      let bill = try $0.succeed("Predict", ["max_tokens": 8], [[1, 1, 1]]).bill
      guard let bill else { return }
      func sum(_ counts: [UInt64]) -> UInt64 {
        counts.enumerated().reduce(0) { $0 + UInt64($1.offset) * $1.element }
      }
      try require(bill.layersRun > 0, "layers_run is 0")
      try require(sum(bill.layersHistogram) == bill.layersRun, "rows × layers is layers_run")
      try require(sum(bill.expertsHistogram) == bill.expertsRun, "pairs × experts is experts_run")
      try require(
        bill.expertsHistogram.reduce(0, +) == bill.layersRun,
        "every row × layer pair is in experts_histogram"
      )
    },
    Case(
      "the_dense_model_costs_what_it_would",
      "macs_dense: what the dense model would have spent."
    ) {
      let bill = try $0.succeed("Predict", ["max_tokens": 8], [[1, 1, 1]]).bill
      try require((bill?.macsTotal ?? 0) > 0, "macs_total is 0")
      try require(bill?.macsDense == bill?.macsTotal, "effort 1 is the dense engine")
    },
    Case("the_same_work_costs_the_same", "Integer counts of work that was done.") {
      let first = try $0.succeed("Predict", ["max_tokens": 8], [[1, 1, 1]]).bill
      let cut = try $0.succeed("Predict", ["max_tokens": 8], [[1], [1], [1]]).bill
      try require(
        first?.macsTotal == cut?.macsTotal,
        "the same tokens, cut otherwise, cost otherwise"
      )
      try require(first?.costMicro == cut?.costMicro, "the same work has two prices")
    },
    Case(
      "bytes_are_counted",
      "bytes_in, bytes_out: frames of this stream, prefix included, up to END."
    ) {
      let probe = try $0.connect()
      probe.givesCredit = false
      let answer = try $0.succeed("Tokenize", [:], ["sun ", "and rain"], on: probe)
      try require(
        Int(answer.bill?.bytesIn ?? 0) == answer.bytesIn,
        "bytes_in is \(answer.bill?.bytesIn ?? 0), and \(answer.bytesIn) were sent"
      )
    },
    Case("credit_is_counted", "CREDIT for the stream is.") {
      let probe = try $0.connect()
      probe.givesCredit = false
      let stream = probe.open("Health.Check", closes: false)
      probe.send(.credit(stream, bytes: 5), .credit(stream, bytes: 70_000), .halfClose(stream))
      let answer = try probe.finished(stream).ended("ok")
      try require(
        Int(answer.bill?.bytesIn ?? 0) == answer.bytesIn,
        "bytes_in is \(answer.bill?.bytesIn ?? 0), and \(answer.bytesIn) were sent"
      )
    },
    Case("times_are_in_order", "queue_us, compute_us, total_us.") {
      let bill = try $0.succeed("Predict", ["max_tokens": 8], [[1, 1, 1]]).bill
      guard let bill else { return }
      try require(bill.queueTime <= bill.totalTime, "queue_us is over total_us")
      try require(bill.totalTime > .zero, "total_us is 0")
    },
    Case("usage_bill_gives_the_same_bill", "Usage.Bill: one message: a bill.") {
      let call = CallID()
      let options = try $0.options("Tokenize", [:], ["call": .binary(call.bytes)])
      let probe = try $0.connect()
      let answer = try probe.ask("Tokenize", options, ["sun"]).ended("ok")
      let asked = try probe.ask("Usage.Bill", ["params": ["call": .binary(call.bytes)]]).ended("ok")
      try require(try asked.only() == answer.billValue, "Usage.Bill gives another bill")
    },
    Case("a_bill_outlives_its_connection", "If the connection is gone, the bill is kept.") {
      let call = CallID()
      let options = try $0.options("Predict", ["max_tokens": 8], ["call": .binary(call.bytes)])
      let lost = try $0.connect()
      let stream = lost.open("Predict", options, [[1]], closes: false)
      try lost.messages(1, on: stream)
      lost.vanish()
      let bill = try $0.recalled(call, on: try $0.connect())
      try require(bill["status"]?.asInt == 1, "status 1 is owed, came \(bill["status"] ?? nil)")
      try require((bill["macs_total"]?.asUInt ?? 0) > 0, "work that was done is on the bill")
    },
    Case("a_bill_belongs_to_its_tenant", "unknown_call: no such call of this tenant.") {
      guard let other = $0.settings.other else {
        throw Skip("needs a second address, of another tenant")
      }
      let call = CallID()
      let options = try $0.options("Tokenize", [:], ["call": .binary(call.bytes)])
      let mine = try $0.connect().ask("Tokenize", options, ["a"]).ended("ok").bill
      let probe = try $0.connect(to: other)
      let params: Value = ["params": ["call": .binary(call.bytes)]]
      try probe.ask("Usage.Bill", params).ended("unknown_call")
      // Ids are unique per tenant, so another may use it.
      let theirs = try probe.ask("Tokenize", options, ["a"]).ended("ok").bill
      try require(mine?.tenant != theirs?.tenant, "both addresses are tenant \(mine?.tenant ?? "")")
    },
  ]

  static let lives: [Case] = [
    Case("ids_may_be_skipped", "The client's id is any integer above all earlier ones.") {
      let probe = try $0.connect()
      for stream in [1, 5, 1000, 70_000] {
        probe.send(Probe.opening(stream, "Health.Check"), .halfClose(stream))
        try probe.finished(stream).ended("ok")
      }
    },
    Case("the_highest_id", "1 … 2³¹−1.") {
      let probe = try $0.connect()
      let highest = 1 << 31 - 1
      probe.send(Probe.opening(highest, "Health.Check"), .halfClose(highest))
      try probe.finished(highest).ended("ok")
      try probe.settle()
    },
    Case("streams_end_in_any_order", "Many calls share one connection.") {
      let probe = try $0.connect()
      for _ in 0 ..< 3 { probe.open("Health.Check", closes: false) }
      for stream in [2, 3, 1] {
        probe.send(.halfClose(stream))
        try probe.finished(stream).ended("ok")
      }
    },
    Case("a_connection_after_another", "A connection has streams of its own.") {
      for _ in 0 ..< 5 { try $0.connect().ask("Health.Check").ended("ok") }
    },
    Case("a_client_that_vanishes_harms_nobody", "If the connection is gone, the bill is kept.") {
      let options = try $0.options("Generate", ["max_tokens": 100_000, "ignore_eos": true])
      for _ in 0 ..< 5 {
        let probe = try $0.connect()
        probe.open("Generate", options, ["sun"])
        try probe.settle()
        probe.vanish()
      }
      try $0.connect().lives()
    },
    Case("half_a_frame_harms_nobody", "A frame is a length, then N bytes.") {
      let probe = try $0.connect()
      try probe.settle()
      probe.write([0, 0, 1, 0, 0x93, 2])
      probe.halfCloseSocket()
      _ = probe.holds(within: .milliseconds(100)) { probe.isEnded }
      try $0.connect().lives()
    },
  ]
}

extension Stage {
  /// Asks for a bill until the server has written it.
  func recalled(_ call: CallID, on probe: Probe) throws -> Value {
    let end = probe.loop.now + settings.patience
    while true {
      let answer = try probe.ask("Usage.Bill", ["params": ["call": .binary(call.bytes)]])
      if answer.detail == "unknown_call", probe.loop.now < end {
        try probe.pass(.milliseconds(2))
        continue
      }
      return try answer.ended("ok").only()
    }
  }
}

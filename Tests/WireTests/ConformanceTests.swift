import Testing

@testable import Wire

/// Every byte vector of clients/conformance, as given and one byte at a time.
struct ConformanceTests {
  @Test func thereAreVectors() {
    #expect(Vector.all.count > 700)
  }

  /// The others need a clock, a slow reader or an owner's decision; ConversationTests provokes those.
  @Test func theVectorsProvokeEveryErrorThatBytesAloneProvoke() {
    let words = Vector.all.flatMap { vector in
      let ends = (vector.expect["ends"]?.items ?? []).compactMap { $0["detail"]?.string }
      return ends + [vector.expect["error"]?["detail"]?.string].compactMap { $0 }
    }
    let elsewhere: Set<Detail> = [
      .idleTimeout, .keepaliveTimeout, .helloTimeout, .connectionsMax, .slowReader,
    ]
    let byStreams: Set<Detail> = [
      .cancelled, .unknownMethod, .badOption, .messageAfterHalfClose, .creditOverrun, .streamsMax,
      .metadataTooLarge,
    ]
    let expected = Set(Detail.allCases.filter(\.endsConnection)).subtracting(elsewhere)
      .union(byStreams)
    #expect(expected.subtracting(words.compactMap(Detail.init(rawValue:))) == [])
  }

  @Test(arguments: Vector.all)
  func aVectorComesOutAsThePageSays(vector: Vector) throws {
    for isDripping in [false, true] {
      var harness = try Harness(vector, isDripping: isDripping)
      for step in vector.before { try harness.run(step) }
      #expect(harness.failure == nil, "before the case begins")
      harness.reset()
      for step in vector.in { try harness.run(step) }
      try judge(vector, harness, isDripping)
    }
    try judgeFrames(vector)
  }

  private func judge(_ vector: Vector, _ harness: Harness, _ isDripping: Bool) throws {
    let expect = vector.expect
    switch expect["outcome"]?.string {
    case "accepted", "stream_error": #expect(harness.failure == nil)
    case "ignored":
      #expect(harness.failure == nil)
      #expect(harness.lastWasSilent || !isDripping)
    case "incomplete":
      #expect(harness.failure == nil)
      #expect(harness.eventCount == 0)
      #expect(harness.written.isEmpty)
    case "connection_error": try judgeError(expect, harness, isServer: vector.role == "server")
    default: Issue.record("outcome \(String(describing: expect["outcome"]))")
    }
    if let ends = expect["ends"]?.items { #expect(try ended(harness.written) == ends) }
    if let failed = expect["failed"]?.items { #expect(failed == harness.failed.map(JSON.number)) }
    if let open = expect["open"]?.items { #expect(open == harness.openStreams.map(JSON.number)) }
    for (stream, credit) in expect["send_credit"]?.object ?? [:] {
      #expect(harness.credit(Int(stream) ?? -1) == credit.number, "credit of \(stream)")
    }
    if let sends = expect["sends"]?.items {
      #expect(sends == harness.written.filter(isAnswer).map { .string(digits($0.encoded)) })
    }
  }

  private func judgeError(_ expect: JSON, _ harness: Harness, isServer: Bool) throws {
    let detail = try #require(expect["error"]?["detail"]?.string)
    #expect(harness.failure?.rawValue == detail)
    #expect(harness.failure?.status.rawValue == expect["error"]?["status"]?.number)
    guard case .goAway(let last, let status, let text) = harness.written.first(where: isGoAway)
    else {
      Issue.record("no GOAWAY")
      return
    }
    #expect(status.rawValue == expect["error"]?["status"]?.number)
    #expect(text.hasPrefix(detail + ":"))
    if isServer, let expected = expect["last_stream"]?.number { #expect(last == expected) }
  }

  /// The ENDs among the frames, each of which must have its BILL right behind it.
  private func ended(_ written: [Frame]) throws -> [JSON] {
    var ends: [JSON] = []
    for (index, frame) in written.enumerated() {
      guard case .end(let stream, let end) = frame else { continue }
      let next = index + 1 < written.count ? written[index + 1] : nil
      if case .bill(stream, _) = next {} else { Issue.record("stream \(stream) has no BILL") }
      ends.append([
        "stream": .number(stream), "status": .number(end.status.rawValue),
        "detail": .string(end.detail),
      ])
    }
    return ends
  }

  private func isAnswer(_ frame: Frame) -> Bool {
    switch frame {
    case .hello, .credit, .goAway, .end, .bill: false
    default: true
    }
  }

  private func isGoAway(_ frame: Frame) -> Bool {
    if case .goAway = frame { true } else { false }
  }

  private func judgeFrames(_ vector: Vector) throws {
    var limits = Limits()
    for (key, value) in vector.limits?.object ?? [:] { limits.set(key, value.number ?? 0) }
    let bytes = vector.in.compactMap { $0["receive"]?.string }.flatMap(hex)
    let decoded = decode(bytes, limits)
    if let expected = vector.expect["frames"]?.items {
      #expect(decoded.count == expected.count)
      for (frame, json) in zip(decoded, expected) {
        #expect(restricted(tagged(frame), to: json) == json)
      }
    }
    if let canonical = vector.expect["canonical"]?.string {
      #expect(digits(decoded.map(canonicalized).flatMap(\.encoded)) == canonical)
    }
  }

  private func decode(_ bytes: [UInt8], _ limits: Limits) -> [Frame] {
    var reader = FrameReader(frameBytesMax: limits.frameBytesMax)
    var rest = bytes[...]
    var decoded: [Frame] = []
    while let body = try? reader.next(from: &rest),
      let frame = try? Frame(decoding: body, limits: limits)
    {
      decoded.append(frame)
    }
    return decoded
  }

  /// Of a bill only the keys that the vector names: a vector's bill need not be whole.
  private func restricted(_ frame: JSON, to expected: JSON) -> JSON {
    guard var object = frame.object, let bill = object["bill"]?.object,
      let keys = expected["bill"]?.object?.keys
    else { return frame }
    object["bill"] = .object(bill.filter { keys.contains($0.key) })
    return .object(object)
  }

  /// The frame with its options in the one form that our encoder writes.
  private func canonicalized(_ frame: Frame) -> Frame {
    guard case .open(let stream, var open) = frame else { return frame }
    let order = [
      "call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params",
    ]
    open.options = order.compactMap { key in
      open.options[key].map { value in
        Value.Entry(key, key.hasPrefix("effort") ? .double(value.asDouble ?? .nan) : value)
      }
    }
    return .open(stream, open)
  }
}

extension JSON: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }
}

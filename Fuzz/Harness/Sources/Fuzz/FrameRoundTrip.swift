import Wire

/// What can be decoded is encoded, decoded and encoded again to the same bytes.
enum FrameRoundTrip {
  static func run(_ wire: ArraySlice<UInt8>, _ limits: Limits) {
    check(wire, limits)
    var reader = FrameReader(frameBytesMax: limits.frameBytesMax)
    var rest = wire
    while let body = try? reader.next(from: &rest) { check(body, limits) }
    if let value = try? Value(decoding: Array(wire)) {
      let again = try? Value(decoding: value.encoded)
      precondition(again == value, "\(value) came back as \(String(describing: again))")
    }
  }

  private static func check(_ body: ArraySlice<UInt8>, _ limits: Limits) {
    let frame: Frame
    do throws(WireError) {
      frame = try Frame(decoding: body, limits: limits)
    } catch {
      precondition(error.detail.endsConnection && !error.text.isEmpty, "\(error)")
      return
    }
    let bytes = frame.encoded
    do throws(WireError) {
      let again = try Frame(decoding: bytes.dropFirst(4))
      precondition(again.encoded == bytes, "\(frame) came back as \(again)")
    } catch {
      fatalError("\(frame) cannot be read back: \(error)")
    }
  }
}

/// However the bytes are cut, the same comes of them.
enum CutComparison {
  static func run(_ wire: ArraySlice<UInt8>, _ limits: Limits) {
    var whole = Conversation(software: "fuzz", limits: limits, now: .zero)
    var dripped = whole
    let events = whole.receive(Array(wire), now: .zero)
    var pieces: [Conversation.Event] = []
    // Byte by byte across the first frames, then in pieces that meet their edges elsewhere.
    var rest = wire
    while !rest.isEmpty {
      let count = wire.count - rest.count < 128 ? 1 : 7
      pieces += dripped.receive(Array(rest.prefix(count)), now: .zero)
      rest = rest.dropFirst(count)
    }
    precondition(events == pieces, "cut: \(pieces)\nwhole: \(events)")
    precondition(whole.takeOutput() == dripped.takeOutput(), "the answers differ")
    whole.checkInvariants()
  }
}

import Wire

// Calls, as a case makes them.

extension Probe {
  /// The frame that opens a call.
  static func opening(
    _ stream: StreamID,
    _ method: String,
    _ options: Value = [:],
    metadata: Value = [:]
  ) -> Frame {
    precondition(options.asMap != nil && metadata.asMap != nil, "options and metadata are maps")
    var frame = OpenFrame(Open(method))
    frame.options = options.asMap ?? []
    frame.metadata = metadata.asMap ?? []
    return .open(stream, frame)
  }

  /// Opens a call with the next id, sends messages that credit covers for sure, and half-closes.
  @discardableResult
  func open(
    _ method: String,
    _ options: Value = [:],
    metadata: Value = [:],
    _ messages: [Value] = [],
    closes: Bool = true
  ) -> StreamID {
    let stream = lastStream + 1
    var frames = [Self.opening(stream, method, options, metadata: metadata)]
    frames += messages.map { .data(stream, $0) }
    if closes { frames.append(.halfClose(stream)) }
    send(frames)
    return stream
  }

  /// Makes a call and waits for its bill.
  @discardableResult
  func ask(
    _ method: String,
    _ options: Value = [:],
    metadata: Value = [:],
    _ messages: [Value] = []
  ) throws -> Answer {
    try finished(open(method, options, metadata: metadata, messages))
  }

  /// Sends a text in pieces as the server's credit allows, and half-closes.
  func pour(_ text: [UInt8], pieces size: Int, on stream: StreamID) throws {
    var rest = text[...]
    while !rest.isEmpty, answers[stream]?.end == nil {
      let piece = Array(rest.prefix(size))
      let frame = Frame.data(stream, .binary(piece))
      let length = frame.encoded.count - 4
      try wait(for: "credit for \(length) bytes") {
        sendable(stream) >= length || answers[stream]?.end != nil
      }
      guard answers[stream]?.end == nil else { return }
      send(frame)
      rest = rest.dropFirst(piece.count)
    }
    if answers[stream]?.end == nil { send(.halfClose(stream)) }
  }
}

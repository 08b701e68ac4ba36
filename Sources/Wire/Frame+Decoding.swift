extension Frame {
  /// Reads the bytes of one frame, without their length prefix.
  ///
  /// - Parameters:
  ///   - body: the frame's N bytes.
  ///   - limits: the receiver's own.
  /// - Throws: the connection error that the bytes deserve: `malformed_frame`, `unknown_kind` or `stream_id`.
  public init(decoding body: ArraySlice<UInt8>, limits: Limits = Limits()) throws(WireError) {
    let scan = try Scan(body.span, depthMax: limits.depthMax, itemsMax: limits.itemsMax)
    guard let items = try Value(scanned: body).asArray, let first = items.first?.asUInt else {
      throw malformed("a frame is an array that begins with its kind")
    }
    guard let kind = Kind(rawValue: first) else {
      throw WireError(.unknownKind, "kind \(first)")
    }
    guard items.count == kind.itemCount else {
      throw malformed("\(kind) has \(kind.itemCount) items, not \(items.count)")
    }
    guard let number = items[1].asUInt else { throw malformed("stream is no unsigned integer") }
    // No stream has such a number, and the conversation will say so.
    let stream = Int(clamping: number)

    self = try Frame(kind, stream, Fields(kind: kind, items: items), scan)

    switch kind {
    case .credit: break
    case .hello, .ping, .goAway:
      guard stream == 0 else { throw WireError(.streamID, "\(kind) with stream \(number)") }
    default:
      guard stream != 0 else { throw WireError(.streamID, "\(kind) with stream 0") }
    }
  }

  private init(
    _ kind: Kind,
    _ stream: StreamID,
    _ fields: Fields,
    _ scan: Scan
  ) throws(WireError) {
    switch kind {
    case .hello: self = .hello(try Hello(reading: try fields.map(2)))
    case .open:
      let open = OpenFrame(
        reading: try fields.string(2),
        try fields.map(3),
        try fields.map(4),
        bytes: scan.end - scan.offsets[4]
      )
      self = .open(stream, open)
    case .data: self = .data(stream, fields.items[2])
    case .halfClose: self = .halfClose(stream)
    case .end:
      let end = End(
        reading: try fields.status(2),
        try fields.string(3),
        try fields.string(4),
        try fields.metadata(5)
      )
      self = .end(stream, end)
    case .bill: self = .bill(stream, try Bill(reading: try fields.map(2)))
    case .cancel: self = .cancel(stream)
    case .credit: self = .credit(stream, bytes: Int(clamping: try fields.uint(2)))
    case .ping: self = .ping(ack: try fields.bool(2), token: try fields.uint(3))
    case .goAway:
      self = .goAway(
        lastStream: Int(clamping: try fields.uint(2)),
        try fields.status(3),
        text: try fields.string(4)
      )
    }
  }
}

/// A frame's items, asked for by place and type.
private struct Fields {
  let kind: Frame.Kind
  let items: [Value]

  func uint(_ index: Int) throws(WireError) -> UInt64 {
    try require(items[index].asUInt, index, "an unsigned integer")
  }

  func status(_ index: Int) throws(WireError) -> Status {
    try require(items[index].asUInt.map(Status.init(reading:)), index, "a status")
  }

  func bool(_ index: Int) throws(WireError) -> Bool {
    try require(items[index].asBool, index, "a truth value")
  }

  func string(_ index: Int) throws(WireError) -> String {
    try require(items[index].asString, index, "a string")
  }

  func map(_ index: Int) throws(WireError) -> [Value.Entry] {
    try require(items[index].asMap, index, "a map")
  }

  func metadata(_ index: Int) throws(WireError) -> Metadata {
    let entries = try map(index)
    do throws(WireError) {
      return try Metadata(checking: entries)
    } catch {
      throw malformed(error.text)
    }
  }

  private func require<Field>(
    _ field: Field?,
    _ index: Int,
    _ what: String
  ) throws(WireError) -> Field {
    guard let field else { throw malformed("item \(index) of \(kind) is not \(what)") }
    return field
  }
}

extension Frame {
  /// Writes the frame with its length prefix.
  ///
  /// - Parameter bytes: where the frame is appended.
  public func encode(into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: [0, 0, 0, 0])
    Packer.append(to: &bytes) { pack(with: &$0) }
    let length = UInt32(bytes.count - start - 4)
    for index in 0 ..< 4 {
      bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index))
    }
  }

  /// The frame with its length prefix.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }

  private func pack(with packer: inout Packer) {
    switch self {
    case .hello(let hello):
      packer.head(.hello, 0)
      packer.pack(hello.entries)
    case .open(let stream, let open):
      packer.head(.open, stream)
      packer.pack(open.method)
      packer.pack(open.options)
      packer.pack(open.metadata)
    case .data(let stream, let message):
      packer.head(.data, stream)
      packer.pack(message)
    case .halfClose(let stream):
      packer.head(.halfClose, stream)
    case .end(let stream, let end):
      packer.head(.end, stream)
      packer.pack(end.status.rawValue)
      packer.pack(end.detail)
      packer.pack(end.text)
      packer.pack(end.metadata.entries)
    case .bill(let stream, let bill):
      packer.head(.bill, stream)
      packer.pack(bill.value)
    case .cancel(let stream):
      packer.head(.cancel, stream)
    case .credit(let stream, let bytes):
      packer.head(.credit, stream)
      packer.pack(bytes)
    case .ping(let ack, let token):
      packer.head(.ping, 0)
      packer.pack(ack)
      packer.pack(token)
    case .goAway(let lastStream, let status, let text):
      packer.head(.goAway, 0)
      packer.pack(lastStream)
      packer.pack(status.rawValue)
      packer.pack(text)
    }
  }
}

extension Packer {
  fileprivate mutating func head(_ kind: Frame.Kind, _ stream: StreamID) {
    array(count: kind.itemCount)
    pack(kind.rawValue)
    pack(stream)
  }
}

/// Cuts a stream of bytes into frames, however the bytes were chunked.
///
/// It keeps at most one unfinished frame, and refuses a frame by its length prefix, before the body arrives.
public struct FrameReader: Sendable {
  /// The longest frame it takes, its length prefix not counted.
  public let frameBytesMax: Int

  /// The unfinished frame, its length prefix included.
  private var begun: [UInt8] = []

  /// Makes a reader at the beginning of a stream of bytes.
  ///
  /// - Parameter frameBytesMax: the longest frame it takes, its length prefix not counted.
  public init(frameBytesMax: Int = Limits().frameBytesMax) {
    self.frameBytesMax = frameBytesMax
  }

  /// Bytes that wait for the rest of their frame; never more than `frameBytesMax` + 4.
  public var waitingCount: Int { begun.count }

  /// Takes the next frame.
  ///
  /// - Parameter bytes: what has come; whatever is taken is cut off its front. All of it is taken when there is no whole
  ///   frame.
  /// - Returns: the frame's bytes without their length prefix, or nil if more must come.
  /// - Throws: `frame_too_large`; there is no way on after that.
  public mutating func next(
    from bytes: inout ArraySlice<UInt8>
  ) throws(WireError) -> ArraySlice<UInt8>? {
    if begun.isEmpty, let length = try length(of: bytes), bytes.count - 4 >= length {
      let body = bytes.dropFirst(4).prefix(length)
      bytes = bytes.dropFirst(4 + length)
      return body
    }
    fill(to: 4, from: &bytes)
    guard let length = try length(of: begun[...]) else { return nil }
    fill(to: 4 + length, from: &bytes)
    guard begun.count == 4 + length else { return nil }
    defer { begun = [] }
    return begun.dropFirst(4)
  }

  private mutating func fill(to count: Int, from bytes: inout ArraySlice<UInt8>) {
    let missing = bytes.prefix(max(0, count - begun.count))
    begun.append(contentsOf: missing)
    bytes = bytes.dropFirst(missing.count)
  }

  /// The length that the first four bytes state, nil if they are not all there.
  private func length(of bytes: ArraySlice<UInt8>) throws(WireError) -> Int? {
    guard bytes.count >= 4 else { return nil }
    let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard 1 ... frameBytesMax ~= length else {
      throw WireError(.frameTooLarge, "a frame of \(length) bytes is not in 1…\(frameBytesMax)")
    }
    return length
  }
}

/// What became of a message that was to be sent.
public enum Sent: Sendable, Equatable {
  /// It is in the output; `bytes` is what it cost of both windows.
  case sent(bytes: Int)
  /// Nothing was done: credit is lacking, or the peer has too much to read.
  ///
  /// A `creditArrived` comes when the peer gives more. It may never give as much as a message needs that is longer than the
  /// window it began with, so messages stay well below that.
  case blocked
  /// Nothing was done, and no credit will help: the message is longer than a frame of the peer may be.
  case tooLarge
  /// Nothing was done: the stream takes no messages (any more).
  case closed
}

/// Bytes of one stream's frames, length prefixes included.
public struct Traffic: Sendable, Equatable {
  /// What came from the peer.
  public var bytesIn = 0
  /// What went to the peer.
  public var bytesOut = 0

  /// Nothing yet.
  public init() {}
}

/// Sends DATA if both windows cover it.
func sendData(
  _ message: Value,
  on stream: StreamID,
  window: inout SendWindow,
  line: inout Line
) -> Sent {
  let longest = line.peerLimits.frameBytesMax
  let isFree = line.outbox.backlog < line.limits.outputBytesMax
  let most = isFree ? min(longest, window.left, line.send.left) : -1
  let (length, isWritten) = line.outbox.append(message, on: stream, most: most)
  guard isWritten else { return length > longest ? .tooLarge : .blocked }
  window.spend(length)
  line.send.spend(length)
  line.forgiveStrikes()
  return .sent(bytes: length)
}

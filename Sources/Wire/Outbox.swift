/// Bytes on their way to the peer, and how many of those that have left are still unread.
///
/// DATA and everything else alternate in the order of the wire; the list of runs says how much of either is unread, so
/// that a peer which does not read is told from one that merely has much DATA coming.
struct Outbox {
  private struct Run {
    let isData: Bool
    var bytes: Int
  }

  private var bytes: [UInt8] = []
  private var runs: [Run] = []
  private var first = 0
  /// Bytes not known to be read, those not yet taken included.
  private(set) var backlog = 0
  /// As many of them as are not DATA.
  private(set) var control = 0

  var isEmpty: Bool { bytes.isEmpty }

  /// Writes a frame.
  ///
  /// - Returns: its bytes, the length prefix included.
  @discardableResult
  mutating func append(_ frame: Frame) -> Int {
    let start = bytes.count
    frame.encode(into: &bytes)
    let count = bytes.count - start
    note(count, isData: frame.isData)
    return count
  }

  /// Writes DATA if its N is no more than `most`.
  ///
  /// - Returns: N, and whether the frame was written.
  mutating func append(
    _ message: Value,
    on stream: StreamID,
    most: Int
  ) -> (length: Int, isWritten: Bool) {
    let start = bytes.count
    Frame.data(stream, message).encode(into: &bytes)
    let count = bytes.count - start
    guard count - 4 <= most else {
      bytes.removeLast(count)
      return (count - 4, false)
    }
    note(count, isData: true)
    return (count - 4, true)
  }

  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// Forgets what has been read: all but the last `unread` bytes of what was taken.
  mutating func keep(unread: Int) {
    var read = max(0, backlog - bytes.count - unread)
    backlog -= read
    while read > 0 {
      let part = min(read, runs[first].bytes)
      runs[first].bytes -= part
      read -= part
      if !runs[first].isData { control -= part }
      if runs[first].bytes == 0 { first += 1 }
    }
    if first * 2 > runs.count {
      runs.removeFirst(first)
      first = 0
    }
  }

  private mutating func note(_ count: Int, isData: Bool) {
    backlog += count
    if !isData { control += count }
    if runs.count > first, runs[runs.count - 1].isData == isData {
      runs[runs.count - 1].bytes += count
    } else {
      runs.append(Run(isData: isData, bytes: count))
    }
  }

  func checkInvariants() {
    let runs = runs[first...]
    precondition(backlog == runs.reduce(0) { $0 + $1.bytes }, "backlog \(backlog)")
    precondition(control == runs.reduce(0) { $0 + ($1.isData ? 0 : $1.bytes) }, "\(control)")
    precondition(bytes.count <= backlog, "\(bytes.count) untaken of \(backlog)")
  }
}

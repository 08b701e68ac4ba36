@testable import Loop
@testable import Serving

/// A fake socket: the server's end of it, the two directions in between, and the client's end.
///
/// Bytes of a direction stay in order and arrive in pieces, late, or never; each holds a bounded number.
final class Link: Transport {
  var onBytes: (([UInt8]) -> Void)?
  var onEnd: ((LoopError?) -> Void)?
  var onDrained: (() -> Void)?
  var onClose: (() -> Void)?
  var drainMark = 0
  let remoteDescription: String

  /// Nothing moves towards the server, or towards the client.
  var isUpStalled = false
  var isDownStalled = false
  /// The client is gone and nobody has said so.
  var isHalfOpen = false
  private(set) var tap: Tap
  private let calendar: FakeCalendar
  private let capacity: Int
  private var written: [UInt8] = []
  private var toClient: [UInt8] = []
  private var clientQueue: [UInt8] = []
  private var toServer: [UInt8] = []
  private var isAboveMark = false
  private var isFinishing = false
  private var isShutDown = false
  private var linger = Duration.zero
  private var farewells: [any Alarm] = []
  private(set) var isServerClosed = false
  private(set) var isClientClosed = false
  private var isEndTold = false

  init(_ number: Int, calendar: FakeCalendar, capacity: Int) {
    self.calendar = calendar
    self.capacity = capacity
    tap = Tap(link: number)
    remoteDescription = "link \(number)"
  }

  // MARK: The server's end

  var queuedBytes: Int { isServerClosed ? 0 : written.count }

  func write(_ bytes: [UInt8]) {
    guard !isServerClosed, !isFinishing, !bytes.isEmpty else { return }
    tap.serverWrote(bytes)
    written += bytes
    push()
    if written.count > drainMark { isAboveMark = true }
  }

  func finish(within limit: Duration, lingering linger: Duration) {
    guard !isServerClosed, !isFinishing else { return }
    isFinishing = true
    self.linger = linger
    farewells.append(calendar.once(after: limit) { [self] in close() })
    shutDownIfEmpty()
  }

  func close() {
    guard !isServerClosed else { return }
    isServerClosed = true
    for alarm in farewells { alarm.close() }
    farewells = []
    written = []
    toServer = []
    (onBytes, onEnd, onDrained) = (nil, nil, nil)
    calendar.once(after: .zero) { [self] in
      let tell = onClose
      onClose = nil
      tell?()
    }
  }

  private func shutDownIfEmpty() {
    guard isFinishing, !isShutDown, written.isEmpty else { return }
    isShutDown = true
    if isEndTold { return close() }
    farewells.append(calendar.once(after: linger) { [self] in close() })
  }

  /// Moves what the system has room for.
  private func push() {
    let down = min(written.count, capacity - toClient.count)
    toClient += written.prefix(down)
    written.removeFirst(down)
    let up = min(clientQueue.count, capacity - toServer.count)
    toServer += clientQueue.prefix(up)
    clientQueue.removeFirst(up)
  }

  /// The client breaks the protocol: what it sends may not be read any more.
  func becomeHostile() { tap.isHostile = true }

  // MARK: The client's end

  /// Bytes of the client that the system has not taken.
  var clientQueuedBytes: Int { clientQueue.count }

  /// Whether the client would read the end of the server's bytes.
  var isAtEnd: Bool {
    !isHalfOpen && (isServerClosed || isShutDown) && written.isEmpty && toClient.isEmpty
  }

  func clientWrites(_ bytes: [UInt8]) {
    guard !isClientClosed else { return }
    clientQueue += bytes
    push()
  }

  func clientCloses() { isClientClosed = true }

  /// Whether what the server writes still goes out, and what comes is heard.
  var isListening: Bool { !isServerClosed && !isFinishing }
  /// Whether `onDrained` is going to be called.
  var willTell: Bool { isAboveMark }

  // MARK: The network

  /// Bytes under way to the server, and whether something could arrive there.
  var upCount: Int { isUpStalled || isHalfOpen || isServerClosed ? 0 : toServer.count }
  var downCount: Int { isDownStalled || isHalfOpen ? 0 : toClient.count }
  /// Whether the end of the client's bytes could arrive now.
  var hasEnd: Bool {
    isClientClosed && !isEndTold && !isServerClosed && !isHalfOpen && !isUpStalled
      && toServer.isEmpty && clientQueue.isEmpty
  }

  /// Lets `count` bytes arrive at the server.
  func arriveUp(_ count: Int) -> [UInt8] {
    let bytes = Array(toServer.prefix(count))
    toServer.removeFirst(bytes.count)
    push()
    guard !isServerClosed, !isFinishing, !bytes.isEmpty else { return bytes }
    tap.serverGot(bytes)
    onBytes?(bytes)
    return bytes
  }

  /// Lets `count` bytes arrive at the client.
  func arriveDown(_ count: Int) -> [UInt8] {
    let bytes = Array(toClient.prefix(count))
    toClient.removeFirst(bytes.count)
    push()
    if !isServerClosed {
      if isAboveMark, written.count <= drainMark {
        isAboveMark = false
        onDrained?()
      }
      shutDownIfEmpty()
    }
    return bytes
  }

  /// Lets the end of the client's bytes arrive.
  func arriveEnd() {
    isEndTold = true
    let tell = onEnd
    onEnd = nil
    tell?(nil)
    if isFinishing, written.isEmpty { close() }
  }

  /// The connection breaks; what was under way is lost.
  func kill() {
    isClientClosed = true
    isHalfOpen = false
    (toServer, clientQueue, toClient) = ([], [], [])
    guard !isServerClosed else { return }
    let tell = isEndTold ? nil : onEnd
    isEndTold = true
    onEnd = nil
    tell?(LoopError(code: .connectionReset, call: "read", reason: "killed"))
    close()
  }
}

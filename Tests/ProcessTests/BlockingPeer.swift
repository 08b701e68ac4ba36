import Foundation
import Testing

@testable import Wire

/// A client that does one thing after the other: the protocol over a socket that blocks.
final class BlockingPeer {
  private let number: Int32
  private var conversation: ClientConversation
  private(set) var messagesCount = 0
  private(set) var end: End?
  private(set) var bill: Bill?
  /// What the server said when it went away.
  private(set) var farewell: String?

  /// Connects and greets; a refusal is an error with its `errno`.
  init(_ name: SocketName) throws {
    number = try Self.connected(to: name)
    conversation = ClientConversation(software: "test", now: .zero)
    flush()
  }

  deinit { close(number) }

  struct Refused: Error { let code: Int32 }

  /// A connected socket on which no read or write waits for ever.
  static func connected(to name: SocketName) throws -> Int32 {
    let number = socket(name.family, Int32(SOCK_STREAM.rawValue), 0)
    let status = name.withPointer { connect(number, $0, $1) }
    let code = errno
    guard status == 0 else {
      close(number)
      throw Refused(code: code)
    }
    var patience = timeval(tv_sec: Int(Child.patience), tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    return number
  }

  /// Opens a call with one text.
  func call(_ method: String, _ params: [Value.Entry] = [], text: String? = nil) throws {
    var open = Open(method)
    open.params = params
    let stream = try conversation.open(open)
    if let text { _ = conversation.send(.string(text), on: stream) }
    conversation.halfClose(stream)
    flush()
  }

  /// Reads on until `isDone`; an issue if the server is silent or gone before.
  func read(
    _ what: String,
    _ place: SourceLocation = #_sourceLocation,
    until isDone: (BlockingPeer) -> Bool
  ) throws {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while !isDone(self) {
      let count = recv(number, &bytes, bytes.count, 0)
      guard count > 0 else {
        let state = "end \(String(describing: end)), farewell \(farewell ?? "none")"
        Issue.record("no \(what): \(count), errno \(errno), \(state)", sourceLocation: place)
        throw WaitedInVain()
      }
      for event in conversation.receive(Array(bytes.prefix(count)), now: .zero) { take(event) }
      flush()
    }
  }

  private func take(_ event: ClientConversation.Event) {
    switch event {
    case .message(let stream, _, let bytes):
      messagesCount += 1
      conversation.consumed(bytes, on: stream)
    case .ended(_, let end): self.end = end
    case .billed(_, let bill): self.bill = bill
    case .goAway(_, _, let text): farewell = text
    default: break
    }
  }

  private func flush() {
    while conversation.hasOutput {
      let bytes = conversation.takeOutput()
      _ = send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
}

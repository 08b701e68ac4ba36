import Wire

/// One thing that a server does wrong, and the conformance cases that must see it.
struct Fault: Sendable, CustomStringConvertible {
  /// What is known of a connection while frames pass.
  struct Memory {
    var methods: [StreamID: String] = [:]
    var opens: [StreamID: OpenFrame] = [:]
    var open: Set<StreamID> = []
    var halfClosed: Set<StreamID> = []
    var highest: StreamID = 0
    var hasGreeted = false
    var held: [Frame] = []
  }

  /// What becomes of a frame; nil leaves it as it is.
  typealias Tampering = @Sendable (Frame, inout Memory) -> [[UInt8]]?

  let description: String
  /// The cases that fail, and no others.
  let fails: Set<String>
  let toServer: Tampering
  let toClient: Tampering

  init(
    _ description: String,
    toServer: @escaping Tampering = { _, _ in nil },
    toClient: @escaping Tampering = { _, _ in nil },
    fails: Set<String>
  ) {
    self.description = description
    self.fails = fails
    self.toServer = toServer
    self.toClient = toClient
  }

  /// A fault in an OPEN as the server sees it.
  static func opening(
    _ description: String,
    fails: Set<String>,
    _ change: @escaping @Sendable (inout OpenFrame) -> Void
  ) -> Fault {
    Fault(
      description,
      toServer: { frame, _ in
        guard case .open(let stream, var open) = frame else { return nil }
        let before = open
        change(&open)
        return open == before ? nil : [Frame.open(stream, open).encoded]
      },
      fails: fails
    )
  }

  /// A fault in the BILL of a method.
  static func billing(
    _ description: String,
    of method: String,
    fails: Set<String>,
    _ change: @escaping @Sendable (inout Bill) -> Void
  ) -> Fault {
    Fault(
      description,
      toClient: { frame, memory in
        guard case .bill(let stream, var bill) = frame, memory.methods[stream] == method else {
          return nil
        }
        change(&bill)
        return [Frame.bill(stream, bill).encoded]
      },
      fails: fails
    )
  }
}

/// A call as the client opens it: PROTOCOL.md §4.1.
public struct Open: Sendable, Equatable {
  /// The method's name, 1 … 256 bytes.
  public var method: String
  /// The call's id; nil lets the server make one.
  public var call: CallID?
  /// Time left when the frame was sent; nil is no deadline, zero has passed already.
  public var deadline: Duration?
  /// The model's name; nil is the first that can serve the method.
  public var model: String?
  /// How much of the dense engine to run, 0 … 1.
  public var effort = 1.0
  /// What is left of the effort at least when the server has more to do than time; nil leaves that to the server.
  public var effortMin: Double?
  /// Most multiply-accumulates to spend.
  public var macsMax: UInt64?
  /// Most money to spend, in millionths of the tariff's currency.
  public var costMax: UInt64?
  /// The method's parameters, unchecked.
  public var params: [Value.Entry] = []
  /// What the client adds.
  public var metadata = Metadata()

  /// Opens a call with everything left at its default.
  ///
  /// - Parameter method: the method's name.
  public init(_ method: String) {
    self.method = method
  }
}

/// An OPEN as it stands in its frame: well formed, not yet judged.
public struct OpenFrame: Sendable, Equatable {
  /// The method's name.
  public var method: String
  /// The options.
  public var options: [Value.Entry]
  /// The metadata.
  public var metadata: [Value.Entry]
  /// Bytes of the metadata map in the frame it came in; 0 in a frame that has not travelled.
  public var metadataBytes: Int = 0

  /// Writes a call's options out.
  ///
  /// - Parameter open: the call.
  public init(_ open: Open) {
    method = open.method
    metadata = open.metadata.entries
    options = []
    func add(_ key: String, _ value: Value?) {
      if let value { options.append(Value.Entry(key, value)) }
    }
    add("call", open.call.map { .binary($0.bytes) })
    add("deadline_ms", open.deadline.map { Value($0.milliseconds) })
    add("model", open.model.map(Value.string))
    add("effort", open.effort == 1 ? nil : .double(open.effort))
    add("effort_min", open.effortMin.map(Value.double))
    add("macs_max", open.macsMax.map(Value.uint))
    add("cost_max", open.costMax.map(Value.uint))
    add("params", open.params.isEmpty ? nil : .map(open.params))
  }

  init(reading method: String, _ options: [Value.Entry], _ metadata: [Value.Entry], bytes: Int) {
    self.method = method
    self.options = options
    self.metadata = metadata
    metadataBytes = bytes
  }

  /// Judges the call: what can be read of it, and the first thing that is wrong.
  ///
  /// Even a refused call is billed, so that the half which could be read is needed too.
  func judged(_ limits: Limits) -> (open: Open, problem: WireError?) {
    var open = Open(clipped(method, bytesMax: methodBytesMax))
    var problem: WireError?
    func blame(_ detail: Detail, _ text: String) {
      if problem == nil { problem = WireError(detail, text) }
    }

    if metadata.count > limits.metadataCountMax {
      blame(.metadataTooLarge, "\(metadata.count) entries are over \(limits.metadataCountMax)")
    }
    if metadataBytes > limits.metadataBytesMax {
      blame(.metadataTooLarge, "\(metadataBytes) bytes are over \(limits.metadataBytesMax)")
    }
    if !(1 ... methodBytesMax ~= method.utf8.count) {
      blame(.unknownMethod, "a method's name has 1…\(methodBytesMax) bytes")
    }
    for option in options {
      if !open.take(option) {
        blame(.badOption, "option \(quoted(option.key)): \(rule(option.key))")
      }
    }
    do throws(WireError) {
      if problem == nil { open.metadata = try Metadata(checking: metadata) }
    } catch {
      problem = error
    }
    return (open, problem)
  }
}

/// Longest name of a method or of a model.
private let methodBytesMax = 256

extension Open {
  /// Takes one option, ignoring unknown ones; false if its type or value is wrong.
  fileprivate mutating func take(_ option: Value.Entry) -> Bool {
    let value = option.value
    switch option.key {
    case "call":
      call = value.asBytes.flatMap(CallID.init)
      return call != nil
    case "deadline_ms":
      deadline = value.asUInt.map(Duration.init(clampingMilliseconds:))
      return deadline != nil
    case "model":
      model = value.asString.flatMap { $0.utf8.count <= methodBytesMax ? $0 : nil }
      return model != nil
    case "effort":
      guard let asked = value.asDouble, 0 ... 1 ~= asked else { return false }
      effort = asked
      return true
    case "effort_min":
      effortMin = value.asDouble.flatMap { 0 ... 1 ~= $0 ? $0 : nil }
      return effortMin != nil
    case "macs_max":
      macsMax = value.asUInt
      return macsMax != nil
    case "cost_max":
      costMax = value.asUInt
      return costMax != nil
    case "params":
      guard let map = value.asMap else { return false }
      params = map
      return true
    default:
      return true
    }
  }
}

private func rule(_ key: String) -> String {
  switch key {
  case "call": "is 16 bytes of bin"
  case "deadline_ms", "macs_max", "cost_max": "is an unsigned integer"
  case "model": "is a str of at most \(methodBytesMax) bytes"
  case "effort", "effort_min": "is a number 0…1"
  default: "is a map"
  }
}

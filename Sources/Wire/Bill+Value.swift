extension Bill {
  /// This bill as BILL and `Usage.Bill` carry it.
  public var value: Value {
    // A key that is not there is read as 0: bills without reuse are as they were before it existed.
    guard tokensReused > 0, case .map(let entries) = always else { return always }
    return .map(entries + [Value.Entry("tokens_reused", .uint(tokensReused))])
  }

  /// The keys that every bill has.
  private var always: Value {
    [
      "call": .binary(call.bytes),
      "tenant": .string(tenant),
      "model": .string(model),
      "method": .string(method),
      "status": Value(status.rawValue),
      "tokens_in": .uint(tokensIn),
      "tokens_out": .uint(tokensOut),
      "macs": .map(Macs.parts.map { Value.Entry($0.key, .uint(macs[keyPath: $0.path])) }),
      "macs_total": .uint(macsTotal),
      "macs_dense": .uint(macsDense),
      "layers_run": .uint(layersRun),
      "experts_run": .uint(expertsRun),
      "layers_histogram": .array(layersHistogram.map(Value.uint)),
      "experts_histogram": .array(expertsHistogram.map(Value.uint)),
      "queue_us": .uint(queueTime.microseconds),
      "compute_us": .uint(computeTime.microseconds),
      "total_us": .uint(totalTime.microseconds),
      "bytes_in": .uint(bytesIn),
      "bytes_out": .uint(bytesOut),
      "effort_asked": .double(effortAsked),
      "effort_given": .double(effortGiven),
      "macs_max": macsMax.map(Value.uint) ?? .nil,
      "cost_max": costMax.map(Value.uint) ?? .nil,
      "adapter": adapter.map(Value.string) ?? .nil,
      "cost_micro": .uint(costMicro),
      "currency": .string(currency),
    ]
  }

  /// Reads a bill.
  ///
  /// Unknown keys are ignored; missing ones are zero, empty or nil.
  ///
  /// - Parameter entries: the map.
  /// - Throws: `malformed_frame` that names the first key of a wrong type.
  public init(reading entries: [Value.Entry]) throws(WireError) {
    self.init(call: CallID.zero)
    for entry in entries {
      let (key, value) = (entry.key, entry.value)
      guard takeCount(key, value) ?? takeTime(key, value) ?? takeOther(key, value) ?? true else {
        throw wrong(key)
      }
    }
  }

  /// Takes a key that is one unsigned integer: nil if it is none of them, false if its type is wrong.
  private mutating func takeCount(_ key: String, _ value: Value) -> Bool? {
    switch key {
    case "tokens_in": set(\.tokensIn, value.asUInt)
    case "tokens_reused": set(\.tokensReused, value.asUInt)
    case "tokens_out": set(\.tokensOut, value.asUInt)
    case "macs_total": set(\.macsTotal, value.asUInt)
    case "macs_dense": set(\.macsDense, value.asUInt)
    case "layers_run": set(\.layersRun, value.asUInt)
    case "experts_run": set(\.expertsRun, value.asUInt)
    case "bytes_in": set(\.bytesIn, value.asUInt)
    case "bytes_out": set(\.bytesOut, value.asUInt)
    case "cost_micro": set(\.costMicro, value.asUInt)
    default: nil
    }
  }

  private mutating func takeTime(_ key: String, _ value: Value) -> Bool? {
    let time = value.asUInt.map(Duration.init(clampingMicroseconds:))
    return switch key {
    case "queue_us": set(\.queueTime, time)
    case "compute_us": set(\.computeTime, time)
    case "total_us": set(\.totalTime, time)
    default: nil
    }
  }

  private mutating func takeOther(_ key: String, _ value: Value) -> Bool? {
    switch key {
    case "call": set(\.call, value.asBytes.flatMap(CallID.init))
    case "tenant": set(\.tenant, value.asString)
    case "model": set(\.model, value.asString)
    case "method": set(\.method, value.asString)
    case "currency": set(\.currency, value.asString)
    case "status": set(\.status, value.asUInt.map(Status.init(reading:)))
    case "macs": takeMacs(value)
    case "layers_histogram": set(\.layersHistogram, counts(value))
    case "experts_histogram": set(\.expertsHistogram, counts(value))
    case "effort_asked": set(\.effortAsked, value.asDouble)
    case "effort_given": set(\.effortGiven, value.asDouble)
    case "macs_max": value.isNil || set(\.macsMax, value.asUInt)
    case "cost_max": value.isNil || set(\.costMax, value.asUInt)
    case "adapter": value.isNil || set(\.adapter, value.asString)
    default: nil
    }
  }

  private mutating func set<Field>(_ path: WritableKeyPath<Bill, Field>, _ field: Field?) -> Bool {
    guard let field else { return false }
    self[keyPath: path] = field
    return true
  }

  private mutating func set<Field>(_ path: WritableKeyPath<Bill, Field?>, _ field: Field?) -> Bool {
    self[keyPath: path] = field
    return field != nil
  }

  private mutating func takeMacs(_ value: Value) -> Bool {
    guard let entries = value.asMap else { return false }
    for entry in entries {
      guard let count = entry.value.asUInt else { return false }
      if let part = Macs.parts.first(where: { $0.key == entry.key }) {
        macs[keyPath: part.path] = count
      }
    }
    return true
  }
}

private func wrong(_ key: String) -> WireError {
  malformed("a bill whose \(quoted(key)) has the wrong type")
}

private func counts(_ value: Value) -> [UInt64]? {
  guard let items = value.asArray else { return nil }
  let counts = items.compactMap(\.asUInt)
  return counts.count == items.count ? counts : nil
}

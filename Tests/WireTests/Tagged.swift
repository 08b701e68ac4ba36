@testable import Wire

// Frames and values in the notation of clients/conformance/README.md.

func tagged(_ value: Value) -> JSON {
  switch value {
  case .nil: .null
  case .bool(let value): .bool(value)
  case .int(let value): .object(["int": .string("\(value)")])
  case .uint(let value): .object(["int": .string("\(value)")])
  case .float(let value): .object(["f32": .string(digits(UInt64(value.bitPattern), 8))])
  case .double(let value): .object(["f64": .string(digits(value.bitPattern, 16))])
  case .string(let value): .object(["str": .string(value)])
  case .binary(let value): .object(["bin": .string(digits(value))])
  case .array(let items): .object(["array": .array(items.map(tagged))])
  case .map(let entries):
    .object([
      "map": .array(entries.map { .array([tagged(.string($0.key)), tagged($0.value)]) })
    ])
  }
}

func untagged(_ json: JSON) -> Value {
  switch json {
  case .null: return .nil
  case .bool(let value): return .bool(value)
  default: break
  }
  guard let (tag, content) = json.object?.first else { preconditionFailure("\(json)") }
  let text = content.string ?? ""
  switch tag {
  case "int": return UInt64(text).map(Value.uint) ?? Value(Int64(text) ?? 0)
  case "f32": return .float(Float(bitPattern: UInt32(text, radix: 16) ?? 0))
  case "f64": return .double(Double(bitPattern: UInt64(text, radix: 16) ?? 0))
  case "str": return .string(text)
  case "bin": return .binary(hex(text))
  case "array": return .array((content.items ?? []).map(untagged))
  case "map":
    return .map(
      (content.items ?? []).map { pair in
        Value.Entry(
          untagged(pair.items?[0] ?? .null).asString ?? "",
          untagged(pair.items?[1] ?? .null)
        )
      }
    )
  default: preconditionFailure(tag)
  }
}

func tagged(_ frame: Frame) -> JSON {
  var object = fields(of: frame)
  switch frame {
  case .hello, .ping, .goAway: break
  default: object["stream"] = .number(frame.stream)
  }
  return .object(object)
}

private func fields(of frame: Frame) -> [String: JSON] {
  switch frame {
  case .hello(let hello):
    [
      "kind": "HELLO", "versions": .array(hello.versions.map { .number(Int(min($0, 1 << 50))) }),
      "software": hello.software.isEmpty ? .null : .string(hello.software),
      "limits": .object(
        pairs(hello.limits.value.asMap ?? []) { .number($0.asInt ?? -1) }
      ),
    ]
  case .open(_, let open):
    [
      "kind": "OPEN", "method": .string(open.method), "options": .object(options(of: open)),
      "metadata": list(open.metadata),
    ]
  case .data(_, let message): ["kind": "DATA", "message": tagged(message)]
  case .halfClose: ["kind": "HALF_CLOSE"]
  case .end(_, let end):
    [
      "kind": "END", "status": .number(end.status.rawValue), "detail": .string(end.detail),
      "text": .string(end.text), "metadata": list(end.metadata.entries),
    ]
  case .bill(_, let bill): ["kind": "BILL", "bill": .object(fields(of: bill))]
  case .cancel: ["kind": "CANCEL"]
  case .credit(_, let bytes): ["kind": "CREDIT", "bytes": .string("\(bytes)")]
  case .ping(let ack, let token):
    ["kind": "PING", "ack": .bool(ack), "token": .string("\(token)")]
  case .goAway(let last, let status, let text):
    [
      "kind": "GOAWAY", "last_stream": .number(last), "status": .number(status.rawValue),
      "text": .string(text),
    ]
  }
}

private func options(of open: OpenFrame) -> [String: JSON] {
  let known = [
    "call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params",
  ]
  var options = pairs(open.options.filter { known.contains($0.key) }) { value in
    switch value {
    case .map(let entries): list(entries)
    default: plain(value)
    }
  }
  for key in ["effort", "effort_min"] {
    if let effort = open.options[key]?.asDouble { options[key] = tagged(.double(effort)) }
  }
  return options
}

private func fields(of bill: Bill) -> [String: JSON] {
  pairs(bill.value.asMap ?? []) { value in
    switch value {
    case .map(let entries): .object(pairs(entries, plain))
    case .array(let items): .array(items.map(plain))
    default: plain(value)
    }
  }
}

/// A value whose type its key already tells.
private func plain(_ value: Value) -> JSON {
  switch value {
  case .binary(let bytes): .string(digits(bytes))
  case .uint(let value): .string("\(value)")
  case .string(let value): .string(value)
  default: tagged(value)
  }
}

private func list(_ entries: [Value.Entry]) -> JSON {
  .array(entries.map { .array([.string($0.key), tagged($0.value)]) })
}

private func pairs(_ entries: [Value.Entry], _ convert: (Value) -> JSON) -> [String: JSON] {
  Dictionary(uniqueKeysWithValues: entries.map { ($0.key, convert($0.value)) })
}

func digits(_ bytes: [UInt8]) -> String { bytes.map { digits(UInt64($0), 2) }.joined() }

private func digits(_ value: UInt64, _ count: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: count - text.count) + text
}

extension JSON: ExpressibleByStringLiteral {
  init(stringLiteral value: String) { self = .string(value) }
}

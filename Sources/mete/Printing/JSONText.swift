import Foundation
import MeteClient

extension Value {
  /// This value as JSON on one line: bytes become hexadecimal digits, NaN and infinities null.
  var jsonText: String {
    switch self {
    case .nil: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)"
    case .float(let value): value.isFinite ? "\(value)" : "null"
    case .double(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): value.quoted
    case .binary(let bytes):
      "\"" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    case .array(let items): "[" + items.map(\.jsonText).joined(separator: ",") + "]"
    case .map(let entries):
      "{" + entries.map { "\($0.key.quoted):\($0.value.jsonText)" }.joined(separator: ",") + "}"
    }
  }
}

extension String {
  /// This text in quotes as JSON writes it; a terminal shows it on one line and obeys nothing in it.
  var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        // JSON wants the first 32 escaped; the other controls could still move a terminal's cursor.
        if scalar.properties.generalCategory == .control {
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }
}

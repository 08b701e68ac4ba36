import Foundation
import Support
import Testing

/// JSON as the byte vectors use it: no fractions.
enum JSON: Decodable, Equatable, Sendable {
  case null, bool(Bool), number(Int), string(String), array([JSON]), object([String: JSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .number(value)
    } else if (try? container.decode(UInt64.self)) != nil {
      // Only an idle time and a version are so large; idle times end at this many milliseconds.
      self = .number(1 << 50)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSON].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }

  subscript(key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  var number: Int? { if case .number(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var items: [JSON]? { if case .array(let value) = self { value } else { nil } }
  var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
}

/// One case of clients/conformance, whose README.md says what the keys mean.
struct Vector: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let role: String
  let limits: JSON?
  let before: [JSON]
  let `in`: [JSON]
  let expect: JSON

  var testDescription: String { name }

  static let all: [Vector] = {
    struct File: Decodable { let cases: [Vector] }
    let files = Repository.files(below: "clients/conformance", suffix: ".json")
    // What lies deeper are the scenarios.
    return files.filter { $0.split(separator: "/").count == 3 }.flatMap { path in
      do {
        return try JSONDecoder().decode(File.self, from: Data(Repository.text(path).utf8)).cases
      } catch {
        fatalError("\(path): \(error)")
      }
    }
  }()
}

import Foundation
import Support
import Wire

/// What the files in clients/conformance/scenarios are written in.
enum Script: Decodable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([Script])
  case object([String: Script])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let bool = try? container.decode(Bool.self) {
      self = .bool(bool)
    } else if let int = try? container.decode(Int.self) {
      self = .int(int)
    } else if let double = try? container.decode(Double.self) {
      self = .double(double)
    } else if let string = try? container.decode(String.self) {
      self = .string(string)
    } else if let array = try? container.decode([Script].self) {
      self = .array(array)
    } else {
      self = .object(try container.decode([String: Script].self))
    }
  }

  var int: Int? { if case .int(let int) = self { int } else { nil } }
  var string: String? { if case .string(let string) = self { string } else { nil } }
  var array: [Script]? { if case .array(let items) = self { items } else { nil } }
  var object: [String: Script]? { if case .object(let entries) = self { entries } else { nil } }

  var number: Double? {
    if case .double(let double) = self { double } else { int.map(Double.init) }
  }

  /// What a value of the files stands for.
  var value: Value {
    get throws {
      switch self {
      case .null: return .nil
      case .bool(let bool): return .bool(bool)
      case .int(let int): return Value(int)
      case .double(let double): return .double(double)
      case .string(let string): return .string(string)
      case .array(let items): return .array(try items.map { try $0.value })
      case .object(let entries): return try Self.value(of: entries)
      }
    }
  }

  private static func value(of entries: [String: Script]) throws -> Value {
    if let repeated = entries["repeat"]?.string, let times = entries["times"]?.int {
      return .string(String(repeating: repeated, count: times))
    }
    guard entries.count == 1, let (kind, content) = entries.first else {
      throw Surprise("no value: \(entries.keys)")
    }
    switch (kind, content) {
    case ("bytes", .int(let count)): return .binary((0 ..< count).map { UInt8($0 % 251) })
    case ("utf8", .string(let text)): return .binary(Array(text.utf8))
    case ("hex", .string(let digits)): return .binary(bytes(hex: digits))
    case ("float", _): return .double(content.number ?? .nan)
    case ("map", .object(let items)):
      return .map(
        try items.sorted { $0.key < $1.key }.map { Value.Entry($0.key, try $0.value.value) }
      )
    default: throw Surprise("no value: \(kind)")
    }
  }

  private static func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0 ..< $0 + 2], as: UTF8.self), radix: 16)
    }
  }
}

extension Value {
  /// Whether this has a shape of the files.
  func isLike(_ shape: Script) -> Bool {
    switch (shape, self) {
    case (.object(let entries), .array(let items)):
      guard let each = entries["all"], entries.count == 1 else { return false }
      return items.allSatisfy { $0.isLike(each) }
    case (.array(let shapes), .array(let items)):
      return shapes.count == items.count && zip(items, shapes).allSatisfy { $0.isLike($1) }
    case (.string("uint"), .uint), (.string("str"), .string), (.string("bin"), .binary),
      (.string("map"), .map), (.string("float"), .double), (.string("float"), .float):
      return true
    default: return false
    }
  }
}

/// Something is not as a scenario expects it.
struct Surprise: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// One scenario of the files.
struct Scenario: Decodable {
  let name: String
  let daemon: String
  let why: String
  let steps: [[String: Script]]

  /// All of them, in the order of the files.
  static var all: [Scenario] {
    get throws {
      struct Page: Decodable {
        let format: Int
        let scenarios: [Scenario]
      }
      let files = Repository.files(below: "clients/conformance/scenarios", suffix: ".json")
      return try files.filter { !$0.hasSuffix("/daemons.json") }.flatMap { file in
        let page = try JSONDecoder().decode(Page.self, from: Data(Repository.text(file).utf8))
        guard page.format == 1 else { throw Surprise("\(file): format \(page.format)") }
        return page.scenarios
      }
    }
  }
}

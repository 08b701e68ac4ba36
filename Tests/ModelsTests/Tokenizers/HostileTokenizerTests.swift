import Support
import Testing

@testable import Models

/// Files that lie must not crash anything, and what still loads must work.
struct HostileTokenizerTests {
  /// Loads, and if that works, uses the result.
  static func exercise(_ text: [UInt8]) {
    do {
      let json = try JSON(parsing: text, path: "hostile")
      exercise(try Tokenizer(tokenizerJSON: json, config: nil, path: "hostile"))
    } catch {
      #expect(error.path == "hostile" && !error.reason.isEmpty)
    }
  }

  static func exercise(_ tokenizer: Tokenizer) {
    let text = Array("<s>hello  world's 12 É中<mask> [CLS] abcd\u{301}".utf8) + [0xFF]
    let ids = tokenizer.encode(text, addSpecial: true)
    #expect(ids.allSatisfy { tokenizer.bytes(of: $0) != nil })
    _ = tokenizer.decode(ids + [.min, -1, .max], skipSpecial: false)
    _ = tokenizer.encodePair(text, text)
  }

  /// The toys' files as compact text.
  static func files() throws -> [[UInt8]] { try ToyTests.toys().map { JSONText.bytes($0.file) } }

  @Test(arguments: 0 ..< 7) func truncatedFilesAreRefused(_ number: Int) throws {
    let file = try #require(try Self.files().dropFirst(number).first)
    for count in stride(from: 0, to: file.count, by: 7) {
      #expect(throws: FormatError.self) { try JSON(parsing: Array(file[..<count]), path: "cut") }
    }
  }

  @Test(arguments: 0 ..< 300) func flippedBytesNeverCrash(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var file = try #require(try Self.files().randomElement(using: &random))
    for _ in 0 ..< Int.random(in: 1 ... 4, using: &random) {
      let place = Int.random(in: 0 ..< file.count, using: &random)
      file[place] = UInt8.random(in: 0x20 ... 0x7E, using: &random)
    }
    Self.exercise(file)
  }

  @Test(arguments: 0 ..< 600) func lyingValuesNeverCrash(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var file = try #require(try ToyTests.toys().randomElement(using: &random)).file
    for _ in 0 ..< Int.random(in: 1 ... 3, using: &random) {
      file = file.mutated(using: &random)
    }
    Self.exercise(JSONText.bytes(file))
  }

  @Test(arguments: 0 ..< 300) func lyingGGUFVocabulariesNeverCrash(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var file = GGUFVocabularyTests.sample(Bool.random(using: &random) ? "gpt2" : "bert")
    for _ in 0 ..< Int.random(in: 1 ... 3, using: &random) {
      let place = Int.random(in: 0 ..< file.tokens.count, using: &random)
      let odd: Int32 = [-1, 0, 2, 3, 9_999, .max, .min].randomElement(using: &random) ?? 0
      switch Int.random(in: 0 ..< 9, using: &random) {
      case 0: file.tokens[place] = [0xFF, 0xE2]
      case 1: file.tokens[place] = []
      case 2: file.tokens.remove(at: place)
      case 3: file.tokenTypes[place % file.tokenTypes.count] = odd
      case 4: file.merges.insert([0x20, 0x20, 0x61], at: 0)
      case 5: file.merges.append(Array("a b".utf8))
      case 6: file.bos = odd
      case 7: file.unk = odd
      default: file.addEos = true
      }
    }
    do {
      Self.exercise(try Tokenizer(vocabulary: file, path: "hostile"))
    } catch {
      #expect(error.path == "hostile" && !error.reason.isEmpty)
    }
  }
}

extension JSON {
  /// One random value inside replaced, removed or doubled.
  func mutated(using random: inout SplitMix64) -> JSON {
    switch self {
    case .object(var members) where !members.isEmpty && Int.random(in: 0 ..< 8, using: &random) > 0:
      let place = Int.random(in: 0 ..< members.count, using: &random)
      if Int.random(in: 0 ..< 12, using: &random) == 0 {
        members.remove(at: place)
      } else {
        members[place].value = members[place].value.mutated(using: &random)
      }
      return .object(members)
    case .array(var items) where !items.isEmpty && Int.random(in: 0 ..< 8, using: &random) > 0:
      let place = Int.random(in: 0 ..< items.count, using: &random)
      switch Int.random(in: 0 ..< 12, using: &random) {
      case 0: items.remove(at: place)
      case 1: items.append(items[place])
      default: items[place] = items[place].mutated(using: &random)
      }
      return .array(items)
    default:
      let lies: [JSON] = [
        .null, .bool(true), .bool(false), .integer(0), .integer(-1), .integer(70_000),
        .integer(.max), .integer(.min), .number(1e300), .string([]), .string(Array("a b c".utf8)),
        .string(Array("<s>".utf8)), .array([]), .array([.integer(1)]), .object([]),
      ]
      return lies.randomElement(using: &random) ?? .null
    }
  }
}

/// Writes JSON, for tests that change it.
enum JSONText {
  static func bytes(_ json: JSON) -> [UInt8] {
    switch json {
    case .null: return Array("null".utf8)
    case .bool(let value): return Array("\(value)".utf8)
    case .integer(let value): return Array("\(value)".utf8)
    case .number(let value): return Array("\(value)".utf8)
    case .string(let bytes): return quoted(bytes)
    case .array(let items):
      return [0x5B] + Array(items.map(Self.bytes).joined(separator: [0x2C])) + [0x5D]
    case .object(let members):
      let texts = members.map { quoted($0.key) + [0x3A] + Self.bytes($0.value) }
      return [0x7B] + Array(texts.joined(separator: [0x2C])) + [0x7D]
    }
  }

  private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = [0x22]
    for byte in bytes {
      switch byte {
      case 0x22, 0x5C: text += [0x5C, byte]
      case 0 ..< 0x20:
        let digits = String(byte, radix: 16)
        text += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
      default: text.append(byte)
      }
    }
    return text + [0x22]
  }
}

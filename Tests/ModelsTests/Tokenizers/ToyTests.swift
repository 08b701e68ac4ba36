import Foundation
import Support
import Testing

@testable import Models

/// Small tokenizers that the reference library wrote, with its ids; Benchmarks/oracles/tokenizers_toys.py.
struct ToyTests {
  static let path = Fixtures.path("tokenizers/toys.json")

  struct Toy {
    var file: JSON
    var lines: [JSON]
    var tokenizer: Tokenizer {
      get throws { try Tokenizer(tokenizerJSON: file, config: nil, path: "toy") }
    }
  }

  static func toys() throws -> [Toy] { try read.get() }

  private static let read = Result { () throws -> [Toy] in
    let items = try #require(JSON(parsing: try RealTokenizers.bytes(path), path: path).items)
    return try items.map { item in
      Toy(file: try #require(item["file"]), lines: try #require(item["lines"]?.items))
    }
  }

  static func bytes(_ line: JSON, _ key: String) throws -> [UInt8] {
    let text = try #require(line[key]?.text)
    return [UInt8](try #require(Data(base64Encoded: text)))
  }

  static func ids(_ line: JSON, _ key: String) -> [Int32] {
    line[key]?.items?.compactMap { $0.integer.map { Int32($0) } } ?? []
  }

  @Test(arguments: 0 ..< 7) func idsAreTheReferences(_ number: Int) throws {
    let toy = try #require(try Self.toys().dropFirst(number).first)
    let tokenizer = try toy.tokenizer
    #expect(toy.lines.count == 120)
    for line in toy.lines {
      let text = try Self.bytes(line, "b")
      let ids = Self.ids(line, "i")
      let shown = String(decoding: text, as: UTF8.self)
      #expect(tokenizer.encode(text, addSpecial: true) == ids, "\(shown)")
      let plain = tokenizer.encode(text, addSpecial: false, parsesSpecial: false)
      #expect(plain == Self.ids(line, "p"), "plain \(shown)")
      let pair = EncodedPair(ids: Self.ids(line, "x"), types: Self.ids(line, "t"))
      #expect(tokenizer.encodePair(text, text) == pair, "pair of \(shown)")
      let decoded = UTF8Repair.repaired(tokenizer.decode(ids, skipSpecial: false))
      #expect(decoded == (try Self.bytes(line, "d")), "decoded \(shown)")
    }
  }
}

import Foundation
import Support
import Testing

@testable import Models

/// Tokenizers of Qwen2's, Llama 3's and RoBERTa's kinds, against the reference library's ids on odd
/// lines; Benchmarks/oracles/tokenizers_patterns.py.
struct PatternTests {
  static let kinds = ["qwen2", "llama3", "roberta"]

  struct Sheet {
    var files: [JSON]
    var lines: [JSON]

    func tokenizer(_ kind: Int) throws -> Tokenizer {
      try Tokenizer(tokenizerJSON: files[kind], config: nil, path: PatternTests.kinds[kind])
    }
  }

  static let sheet = Result { () throws -> Sheet in
    let path = Fixtures.path("tokenizers/patterns.json")
    let json = try JSON(parsing: try RealTokenizers.bytes(path), path: path)
    return Sheet(
      files: try #require(json["files"]?.items),
      lines: try #require(json["lines"]?.items)
    )
  }

  /// As the oracle writes down ids.
  private func hash(_ ids: [Int32]) -> String {
    OracleLine.hash(Array(ids.map { "\($0)" }.joined(separator: ",").utf8))
  }

  @Test(arguments: 0 ..< 3) func idsAreTheReferences(kind: Int) throws {
    let sheet = try Self.sheet.get()
    let tokenizer = try sheet.tokenizer(kind)
    #expect(sheet.lines.count >= 1_500)
    var wrong = 0
    for line in sheet.lines {
      let text = try ToyTests.bytes(line, "b")
      let ids = tokenizer.encode(text, addSpecial: true)
      let plain = tokenizer.encode(text, addSpecial: false, parsesSpecial: false)
      let isRight =
        hash(ids) == line["i"]?.items?[kind].text && hash(plain) == line["p"]?.items?[kind].text
      if isRight { continue }
      wrong += 1
      if wrong <= 5 {
        Issue.record("\(Self.kinds[kind]): \(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(wrong == 0, "of \(sheet.lines.count) lines")
  }

  @Test(arguments: 0 ..< 3) func chunkingIsInvisible(kind: Int) throws {
    let sheet = try Self.sheet.get()
    let tokenizer = try sheet.tokenizer(kind)
    for seed in UInt64(0) ..< 60 {
      var random = SplitMix64(seed: seed)
      var text: [UInt8] = []
      for _ in 0 ..< 8 {
        if let line = sheet.lines.randomElement(using: &random) {
          text += try ToyTests.bytes(line, "b")
        }
      }
      try StreamingTokenizerTests.check(text, tokenizer, seed: seed)
    }
  }

  @Test func compositionCrossesEveryCut() throws {
    let tokenizer = try Self.sheet.get().tokenizer(0)
    // One character made of five scalars, then one of three, then letters that nothing joins.
    let text = Array("u\u{31B}\u{308}\u{323}\u{301} \u{1112}\u{1161}\u{11AB} nai\u{308}ve".utf8)
    let whole = tokenizer.encode(text, addSpecial: false)
    let composed = Composition.shared.composed(
      String(decoding: text, as: UTF8.self).unicodeScalars.map(\.value)
    )
    var normal: [UInt8] = []
    for value in composed { append(value, to: &normal) }
    #expect(normal != text)
    #expect(tokenizer.decode(whole, skipSpecial: false) == normal)
    for cut in text.indices {
      var stream = StreamingTokenizer(tokenizer, addSpecial: false)
      let ids = try stream.append(Array(text[..<cut])) + stream.append(Array(text[cut...]))
      #expect(try ids + stream.finish() == whole, "cut at \(cut)")
    }
  }

  @Test func endlessMarksAreRefusedHoweverTheyAreCut() throws {
    let tokenizer = try Self.sheet.get().tokenizer(0)
    let mark = Array("\u{301}".utf8)
    let count = StreamingTokenizer.runBytesMax / 4
    for (marks, isFine) in [(count - 1, true), (count, false)] {
      let text = Array("e".utf8) + (0 ..< marks).flatMap { _ in mark }
      for step in [1, 4_099, text.count] {
        var stream = StreamingTokenizer(tokenizer, addSpecial: false)
        var error: TokenizerError?
        do throws(TokenizerError) {
          for start in stride(from: 0, to: text.count, by: step) {
            _ = try stream.append(Array(text[start ..< min(text.count, start + step)]))
          }
          _ = try stream.finish()
        } catch let thrown {
          error = thrown
        }
        #expect(error?.code == (isFine ? nil : .runTooLong), "\(marks) marks, step \(step)")
      }
    }
  }

  @Test(arguments: 0 ..< 3, [" ", "\n", "a", "7", "!", "!\n", "\u{301}"])
  func longRunsAreTheSameByteByByte(kind: Int, unit: String) throws {
    let tokenizer = try Self.sheet.get().tokenizer(kind)
    let text = Array(String(repeating: unit, count: 1_500).utf8)
    var stream = StreamingTokenizer(tokenizer, addSpecial: false)
    var ids: [Int32] = []
    for byte in text { ids += try stream.append([byte]) }
    #expect(try ids + stream.finish() == tokenizer.encode(text, addSpecial: false))
  }
}

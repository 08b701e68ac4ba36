import Support
import Testing

@testable import Models

struct StreamingTokenizerTests {
  /// Cuts `text` into random pieces, mostly short ones, and tokenizes them.
  static func stream(
    _ text: [UInt8],
    _ tokenizer: Tokenizer,
    seed: UInt64,
    addSpecial: Bool,
    parsesSpecial: Bool
  ) throws -> [Int32] {
    var random = SplitMix64(seed: seed)
    var stream = StreamingTokenizer(
      tokenizer,
      addSpecial: addSpecial,
      parsesSpecial: parsesSpecial
    )
    var ids: [Int32] = []
    var start = 0
    while start < text.count {
      let longest = Bool.random(using: &random) ? 3 : 40
      let end = min(text.count, start + Int.random(in: 0 ... longest, using: &random))
      ids += try stream.append(Array(text[start ..< end]))
      start = end
    }
    return try ids + stream.finish()
  }

  static func check(_ text: [UInt8], _ tokenizer: Tokenizer, seed: UInt64) throws {
    for (addSpecial, parsesSpecial) in [(true, true), (false, false)] {
      let whole = tokenizer.encode(text, addSpecial: addSpecial, parsesSpecial: parsesSpecial)
      let streamed = try stream(
        text,
        tokenizer,
        seed: seed,
        addSpecial: addSpecial,
        parsesSpecial: parsesSpecial
      )
      #expect(streamed == whole, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
    }
  }

  @Test(.enabled(if: RealTokenizers.areCached, "needs the model cache"), arguments: 0 ..< 100)
  func chunkingIsInvisible(_ seed: UInt64) throws {
    let lines = try OracleLine.golden.get()
    var random = SplitMix64(seed: seed)
    var text: [UInt8] = []
    for _ in 0 ..< 20 {
      text += lines.randomElement(using: &random)?.bytes ?? []
      if Bool.random(using: &random) { text += [0x20] }
    }
    try Self.check(text, RealTokenizers.smolLM2.get(), seed: seed)
    try Self.check(text, RealTokenizers.miniLM.get(), seed: seed)
  }

  @Test(arguments: 0 ..< 7) func chunkingIsInvisibleToToys(_ number: Int) throws {
    let toy = try #require(try ToyTests.toys().dropFirst(number).first)
    let tokenizer = try toy.tokenizer
    for (seed, line) in toy.lines.enumerated() {
      try Self.check(try ToyTests.bytes(line, "b"), tokenizer, seed: UInt64(seed))
    }
  }

  @Test func certainIDsComeAtOnce() throws {
    let toy = try #require(try ToyTests.toys().first)
    let tokenizer = try toy.tokenizer
    var stream = StreamingTokenizer(tokenizer, addSpecial: false)
    let hello = try #require(tokenizer.id(of: "hello"))
    let world = try #require(tokenizer.id(of: "Ġworld"))
    #expect(try stream.append(Array("hello".utf8)) == [])
    #expect(try stream.append(Array(" world".utf8)) == [hello])
    #expect(try stream.append(Array(".".utf8)) == [world])
    #expect(try stream.append(Array("<mas".utf8)) == [])
    #expect(try stream.append(Array("k>".utf8)).last == tokenizer.id(of: "<mask>"))
    #expect(try stream.finish() == [])
  }

  static let toyNumbers = 0 ..< 7

  @Test(arguments: toyNumbers) func longestRunIsTakenHoweverItIsCut(_ number: Int) throws {
    let toy = try #require(try ToyTests.toys().dropFirst(number).first)
    let tokenizer = try toy.tokenizer
    let run = [UInt8](repeating: UInt8(ascii: "x"), count: StreamingTokenizer.runBytesMax)
    let whole = tokenizer.encode(run, addSpecial: false)
    for step in [1, 4_099, run.count] {
      var stream = StreamingTokenizer(tokenizer, addSpecial: false)
      var ids: [Int32] = []
      for start in stride(from: 0, to: run.count, by: step) {
        ids += try stream.append(Array(run[start ..< min(run.count, start + step)]))
      }
      #expect(try ids + stream.finish() == whole)
    }
  }

  @Test(arguments: toyNumbers) func longerRunIsRefusedHoweverItIsCut(_ number: Int) throws {
    let toy = try #require(try ToyTests.toys().dropFirst(number).first)
    let tokenizer = try toy.tokenizer
    let count = StreamingTokenizer.runBytesMax + 1
    let run = [UInt8](repeating: UInt8(ascii: "x"), count: count) + Array(" end".utf8)
    for step in [1, 4_099, run.count] {
      let error = #expect(throws: TokenizerError.self) {
        var stream = StreamingTokenizer(tokenizer, addSpecial: false)
        for start in stride(from: 0, to: run.count, by: step) {
          _ = try stream.append(Array(run[start ..< min(run.count, start + step)]))
        }
        _ = try stream.finish()
      }
      #expect(error?.code == .runTooLong)
    }
  }

  @Test func breaksOfEveryKindKeepLongTextGoing() throws {
    let toys = try ToyTests.toys()
    let bytePairs = try #require(toys.first).tokenizer
    let wordPieces = try #require(toys.dropFirst(3).first).tokenizer
    for (tokenizer, unit) in [(bytePairs, "ab! "), (wordPieces, "中"), (wordPieces, "a.")] {
      let count = StreamingTokenizer.runBytesMax
      let text = Array(String(repeating: unit, count: count / unit.utf8.count * 2).utf8)
      var stream = StreamingTokenizer(tokenizer, addSpecial: false)
      let ids = try stream.append(text) + stream.finish()
      #expect(ids == tokenizer.encode(text, addSpecial: false))
    }
  }
}

import Support
import Testing

@testable import Models

struct StreamingDetokenizerTests {
  /// Random ids, in and out of the vocabulary, so that characters are torn apart.
  static func check(_ tokenizer: Tokenizer, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let count = Int32(tokenizer.vocabularyCount)
    let ids = (0 ..< 200).map { _ in Int32.random(in: -2 ..< count + 2, using: &random) }
    for skipSpecial in [true, false] {
      var stream = StreamingDetokenizer(tokenizer, skipSpecial: skipSpecial)
      var output: [UInt8] = []
      for id in ids {
        let piece = stream.append(id)
        #expect(String(validating: piece, as: UTF8.self) != nil, "half a character")
        output += piece
      }
      output += stream.finish()
      let whole = tokenizer.decode(ids, skipSpecial: skipSpecial)
      #expect(output == Array(String(decoding: whole, as: UTF8.self).utf8), "seed \(seed)")
    }
  }

  @Test(arguments: 0 ..< 7) func toysGiveWholeCharacters(_ number: Int) throws {
    let toy = try #require(try ToyTests.toys().dropFirst(number).first)
    let tokenizer = try toy.tokenizer
    for seed in 0 ..< UInt64(50) { Self.check(tokenizer, seed: seed) }
  }

  @Test(.enabled(if: RealTokenizers.areCached, "needs the model cache"), arguments: 0 ..< 100)
  func outputsJoinedAreTheDecodedText(_ seed: UInt64) throws {
    Self.check(try RealTokenizers.smolLM2.get(), seed: seed)
    Self.check(try RealTokenizers.miniLM.get(), seed: seed)
  }

  @Test func aCharacterWaitsForItsLastByte() throws {
    let tokenizer = try #require(try ToyTests.toys().first).tokenizer
    // The euro sign, E2 82 AC, is three tokens here.
    let ids = tokenizer.encode([0xE2, 0x82, 0xAC], addSpecial: false)
    #expect(ids.count == 3)
    var stream = StreamingDetokenizer(tokenizer)
    #expect(ids.map { stream.append($0) } == [[], [], [0xE2, 0x82, 0xAC]])
    _ = stream.append(ids[0])
    #expect(stream.finish() == Array("\u{FFFD}".utf8))
    #expect(stream.finish() == [])
  }
}

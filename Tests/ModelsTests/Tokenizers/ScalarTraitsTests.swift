import Support
import Testing

@testable import Models

/// Every scalar, against what the reference library answers; Benchmarks/oracles/tokenizers_unicode.py.
struct ScalarTraitsTests {
  static let path = Fixtures.path("tokenizers/scalars.json")
  static let scalars = (UInt32(0) ..< 0x110000).filter { !(0xD800 ..< 0xE000).contains($0) }

  static func fixture() throws -> JSON {
    try JSON(parsing: try RealTokenizers.bytes(path), path: path)
  }

  @Test(arguments: [
    ("letter", ScalarTraits.letter), ("number", .number), ("space", .space), ("digit", .digit),
    ("punctuation", .punctuation), ("unclean", .unclean), ("chinese", .chinese), ("mark", .mark),
  ])
  func everyScalarHasTheReferencesTraits(_ name: String, _ trait: ScalarTraits) throws {
    let ranges = try #require(try Self.fixture()[name]?.items)
    var expected: Set<UInt32> = []
    for range in ranges {
      let ends = try #require(range.items).compactMap(\.integer)
      expected.formUnion(UInt32(ends[0]) ... UInt32(ends[1]))
    }
    let table = ScalarTable.shared
    let found = Self.scalars.filter { value in
      guard table.traits(of: value).contains(trait) else { return false }
      // The reference was asked about marks, cleaning and spaces through its results, in which a mark
      // that decomposes is not visible, nor white space that is also unclean.
      return trait != .mark || Decomposition.shared.decomposed([value]) == [value]
    }
    let wrong = expected.symmetricDifference(found).sorted()
    #expect(wrong.isEmpty, "\(wrong.count) scalars, first \(wrong.prefix(9))")
  }

  @Test(arguments: ["lowered", "decomposed", "stripped", "composed"])
  func everyScalarIsNormalizedAsTheReferenceDoes(_ name: String) throws {
    let normalizer = BertNormalizer(
      cleansText: false,
      spacesChinese: false,
      stripsAccents: name == "stripped",
      lowercases: name == "lowered"
    )
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for value in Self.scalars {
      var text: [UInt8] = []
      append(value, to: &text)
      let normalized =
        switch name {
        case "decomposed": Decomposition.shared.decomposed([value])
        case "composed": Composition.shared.composed([value])
        default: normalizer.normalized(text, 0 ..< text.count)
        }
      var output: [UInt8] = []
      for scalar in normalized { append(scalar, to: &output) }
      for byte in output + [0x0A] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    let expected = try #require(try Self.fixture()[name]?.text)
    #expect(UInt64(expected, radix: 16) == hash)
  }

  @Test func marksAreOrderedAsTheReferenceOrdersThem() throws {
    let texts = try #require(try Self.fixture()["orders"]?.items)
    #expect(texts.count == 200)
    for pair in texts {
      let both = try #require(pair.items).compactMap(\.text)
      let values = both.map { $0.unicodeScalars.map(\.value) }
      #expect(Decomposition.shared.decomposed(values[0]) == values[1], "\(values[0])")
    }
  }

  @Test func textsComposeAsTheReferenceComposesThem() throws {
    let texts = try #require(try Self.fixture()["compositions"]?.items)
    #expect(texts.count == 600)
    for pair in texts {
      let both = try #require(pair.items).compactMap(\.text)
      let values = both.map { $0.unicodeScalars.map(\.value) }
      #expect(Composition.shared.composed(values[0]) == values[1], "\(values[0])")
      // Cut into scalars, it is the same text.
      var composer = StreamingComposer()
      var output: [UInt8] = []
      for value in values[0] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        try composer.append(bytes[...], heldBytesMax: 1_024, to: &output)
      }
      composer.finish(to: &output)
      #expect(output == Array(both[1].utf8), "\(values[0])")
    }
  }
}

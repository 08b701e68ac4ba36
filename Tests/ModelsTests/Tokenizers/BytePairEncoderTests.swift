import Support
import Testing

@testable import Models

struct BytePairEncoderTests {
  /// One token per byte, and random merges among all tokens so far.
  static func encoder(merges count: Int, using random: inout SplitMix64) -> BytePairEncoder {
    var merges: [UInt64: UInt64] = [:]
    for rank in 0 ..< count {
      let id = 256 + rank
      let letters = Array(0x61 ... 0x64) + Array(256 ..< id)
      let left = letters.randomElement(using: &random) ?? 0x61
      let right = letters.randomElement(using: &random) ?? 0x61
      let pair = UInt64(left) << 32 | UInt64(right)
      if merges[pair] == nil { merges[pair] = UInt64(rank) << 32 | UInt64(id) }
    }
    return BytePairEncoder(bytes: (0 ..< 256).map { Int32($0) }, unknown: nil, merges: merges)
  }

  /// The definition: again and again, the leftmost of the pairs with the lowest rank.
  static func reference(_ text: [UInt8], _ encoder: BytePairEncoder) -> [Int32] {
    var ids = text.map { Int32($0) }
    while true {
      var best: (merge: UInt64, place: Int)?
      for place in ids.indices.dropLast() {
        guard let merge = encoder.merges[UInt64(ids[place]) << 32 | UInt64(ids[place + 1])],
          best.map({ merge >> 32 < $0.merge >> 32 }) ?? true
        else { continue }
        best = (merge, place)
      }
      guard let best else { return ids }
      ids.replaceSubrange(best.place ... best.place + 1, with: [Int32(best.merge & 0xFFFF_FFFF)])
    }
  }

  @Test(arguments: 0 ..< 200) func mergesAsDefined(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let encoder = Self.encoder(merges: 60, using: &random)
    var scratch = BytePairEncoder.Scratch()
    for count in [0, 1, 2, 3, 17, 80] {
      let text = (0 ..< count).map { _ in UInt8.random(in: 0x61 ... 0x64, using: &random) }
      var ids: [Int32] = []
      encoder.encode(text, 0 ..< text.count, scratch: &scratch, to: &ids)
      #expect(ids == Self.reference(text, encoder), "seed \(seed), \(count) bytes")
    }
  }

  /// A quadratic merge would take 10¹² steps here and never come back.
  @Test func aMegabyteWithoutBreakComesBack() {
    var random = SplitMix64(seed: 1)
    let encoder = Self.encoder(merges: 200, using: &random)
    let text = (0 ..< 1 << 20).map { _ in UInt8.random(in: 0x61 ... 0x64, using: &random) }
    var scratch = BytePairEncoder.Scratch()
    var ids: [Int32] = []
    encoder.encode(text, 0 ..< text.count, scratch: &scratch, to: &ids)
    #expect(ids.count < text.count)
    // Merges do not reach across a pair that never merges; a few hundred bytes are a fair sample.
    var head: [Int32] = []
    encoder.encode(text, 0 ..< 300, scratch: &scratch, to: &head)
    #expect(head == Self.reference(Array(text[..<300]), encoder))
  }
}

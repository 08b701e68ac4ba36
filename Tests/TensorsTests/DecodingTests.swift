import Support
import Testing

@testable import Tensors

/// Stored weights decode to the floats that their format means, bit for bit.
struct DecodingTests {
  private func decoded(_ type: ElementType, _ bytes: [UInt8], count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { target, initialized in
      initialized = count
      guard count > 0, let address = target.baseAddress else { return }
      bytes.withUnsafeBytes {
        if let source = $0.baseAddress { decode(type, from: source, into: address, count: count) }
      }
    }
  }

  private func isSame(_ a: Float, _ b: Float) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
  }

  @Test func everyHalfIsExact() {
    let halves = (0 ... UInt16.max).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let fast = decoded(.f16, halves, count: 65_536)
    let reference = decodeReference(.f16, halves, count: 65_536)
    #expect(fast.map(\.bitPattern) == reference.map(\.bitPattern))
    #expect(fast[0x3C00] == 1)
    #expect(fast[0x0001] == 0x1p-24)
    #expect(fast[0x83FF] == -0x3FFp-24)
    #expect(fast[0x7BFF] == 65_504)
    #expect(fast[0x7C00] == .infinity)
    #expect(fast[0xFC00] == -.infinity)
    #expect(fast[0x7C01].isNaN)
    #expect(fast[0x8000].bitPattern == 0x8000_0000)
    let isFinite = fast.indices.filter { $0 & 0x7C00 != 0x7C00 }
    #expect(isFinite.allSatisfy { Float(Float16(bitPattern: UInt16($0))) == fast[$0] })
  }

  @Test(arguments: ElementType.allCases, 0 ..< 20)
  func fastIsReference(type: ElementType, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let count = Int.random(in: 0 ... 70, using: &random) * type.blockElements
    let bytes = (0 ..< (type.bytes(count: count) ?? 0)).map { _ in
      UInt8.random(in: 0 ... 255, using: &random)
    }
    let fast = decoded(type, bytes, count: count)
    let reference = decodeReference(type, bytes, count: count)
    #expect(fast.count == count)
    #expect(zip(fast, reference).allSatisfy(isSame), "\(type), seed \(seed)")
  }

  @Test func partsOfBlocksAndOverflowHaveNoSize() {
    #expect(ElementType.q4_0.bytes(count: 31) == nil)
    #expect(ElementType.q4_0.bytes(count: 64) == 36)
    #expect(ElementType.f32.bytes(count: -1) == nil)
    #expect(ElementType.f32.bytes(count: Int.max / 2) == nil)
  }
}

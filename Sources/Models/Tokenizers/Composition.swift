/// Canonical composition (NFC) as the reference's normalizer does it: by Unicode 9.0.
struct Composition: Sendable {
  /// First scalar in the high half, second in the low half, to what they become.
  private let pairs: [UInt64: UInt32]
  /// For the first two planes, whether a scalar may change, or change with, what stands before it.
  private let continues: [Bool]

  /// Turned round from the decompositions once per process, at first use.
  static let shared = Composition()

  private init() {
    let known = Decomposition.shared.mappings.filter { mapping in
      mapping.parts.count > 1 && !Self.excluded.contains { $0.contains(mapping.scalar) }
    }
    // What decomposes into three was composed from two, the first of which decomposes into two.
    var whole: [[UInt32]: UInt32] = [:]
    for mapping in known { whole[mapping.parts] = mapping.scalar }
    var pairs: [UInt64: UInt32] = [:]
    for mapping in known {
      let rest = Array(mapping.parts.dropLast())
      guard let last = mapping.parts.last, let first = rest.count == 1 ? rest[0] : whole[rest]
      else { continue }
      pairs[Self.pair(first, last)] = mapping.scalar
    }
    self.pairs = pairs
    var seconds = Set(pairs.keys.map { UInt32(truncatingIfNeeded: $0) })
    seconds.formUnion(0x1161 ... 0x1175)
    seconds.formUnion(0x11A8 ... 0x11C2)
    continues = (UInt32(0) ..< 0x20000).map { scalar in
      guard scalar >= 0x300, let first = Decomposition.shared.decomposed([scalar]).first else {
        return false
      }
      return Decomposition.shared.combiningClass(first) != 0 || seconds.contains(first)
    }
  }

  /// Composites that stay decomposed: Unicode's exclusions, and those that are second names.
  private static let excluded: [ClosedRange<UInt32>] = [
    0x344 ... 0x344, 0x958 ... 0x95F, 0x9DC ... 0x9DD, 0x9DF ... 0x9DF, 0xA33 ... 0xA33,
    0xA36 ... 0xA36, 0xA59 ... 0xA5B, 0xA5E ... 0xA5E, 0xB5C ... 0xB5D, 0xF43 ... 0xF43,
    0xF4D ... 0xF4D, 0xF52 ... 0xF52, 0xF57 ... 0xF57, 0xF5C ... 0xF5C, 0xF69 ... 0xF69,
    0xF73 ... 0xF73, 0xF75 ... 0xF76, 0xF78 ... 0xF78, 0xF81 ... 0xF81, 0xF93 ... 0xF93,
    0xF9D ... 0xF9D, 0xFA2 ... 0xFA2, 0xFA7 ... 0xFA7, 0xFAC ... 0xFAC, 0xFB9 ... 0xFB9,
    0x1F71 ... 0x1F71, 0x1F73 ... 0x1F73, 0x1F75 ... 0x1F75, 0x1F77 ... 0x1F77, 0x1F79 ... 0x1F79,
    0x1F7B ... 0x1F7B, 0x1F7D ... 0x1F7D, 0x1FBB ... 0x1FBB, 0x1FC9 ... 0x1FC9, 0x1FCB ... 0x1FCB,
    0x1FD3 ... 0x1FD3, 0x1FDB ... 0x1FDB, 0x1FE3 ... 0x1FE3, 0x1FEB ... 0x1FEB, 0x1FEE ... 0x1FEE,
    0x1FF9 ... 0x1FF9, 0x1FFB ... 0x1FFB, 0x212B ... 0x212B, 0x2ADC ... 0x2ADC, 0xFB1D ... 0xFB1D,
    0xFB1F ... 0xFB1F, 0xFB2A ... 0xFB36, 0xFB38 ... 0xFB3C, 0xFB3E ... 0xFB3E, 0xFB40 ... 0xFB41,
    0xFB43 ... 0xFB44, 0xFB46 ... 0xFB4E, 0x1D15E ... 0x1D164, 0x1D1BB ... 0x1D1C0,
  ]

  private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 {
    UInt64(first) << 32 | UInt64(second)
  }

  /// Whether normal forms before and after this scalar do not touch each other.
  func isBoundary(before scalar: UInt32) -> Bool {
    scalar < 0x300 || Int(scalar) >= continues.count || !continues[Int(scalar)]
  }

  /// Decomposes a text, orders its marks, and composes what composes.
  func composed(_ scalars: [UInt32]) -> [UInt32] {
    if scalars.allSatisfy({ $0 < 0x300 }) { return scalars }
    var output: [UInt32] = []
    output.reserveCapacity(scalars.count)
    var starter: Int?
    // Class of the scalar before, if one stands between it and the starter.
    var between: UInt8?
    for scalar in Decomposition.shared.decomposed(scalars) {
      let order = Decomposition.shared.combiningClass(scalar)
      if let starter, between.map({ $0 < order }) ?? true,
        let composite = composite(output[starter], scalar)
      {
        output[starter] = composite
        continue
      }
      if order == 0 {
        starter = output.count
        between = nil
      } else {
        between = order
      }
      output.append(scalar)
    }
    return output
  }

  private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    // Hangul syllables compose by arithmetic (Unicode, section 3.12).
    if (0x1100 ... 0x1112).contains(first), (0x1161 ... 0x1175).contains(second) {
      return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
    }
    if (0xAC00 ..< 0xD7A4).contains(first), (first - 0xAC00) % 28 == 0,
      (0x11A8 ... 0x11C2).contains(second)
    {
      return first + second - 0x11A7
    }
    return pairs[Self.pair(first, second)]
  }
}

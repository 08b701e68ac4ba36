/// BERT's text normalization: cleaning, spaces around Chinese characters, accents, case.
struct BertNormalizer: Sendable, Equatable {
  var cleansText: Bool
  var spacesChinese: Bool
  var stripsAccents: Bool
  var lowercases: Bool

  /// The scalars of `text[range]`, normalized.
  ///
  /// - Precondition: `text` is valid UTF-8, and `range` falls on scalars.
  func normalized(_ text: [UInt8], _ range: Range<Int>) -> [UInt32] {
    let table = ScalarTable.shared
    var scalars: [UInt32] = []
    scalars.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let next = scalar(in: text, at: index)
      index += next.length
      let traits = table.traits(of: next.value)
      if cleansText, traits.contains(.unclean) { continue }
      if cleansText, traits.contains(.space) {
        scalars.append(0x20)
      } else if spacesChinese, traits.contains(.chinese) {
        scalars += [0x20, next.value, 0x20]
      } else {
        scalars.append(next.value)
      }
    }
    if stripsAccents {
      scalars = Decomposition.shared.decomposed(scalars)
      scalars.removeAll { table.traits(of: $0).contains(.mark) }
    }
    return lowercases ? lowercased(scalars) : scalars
  }

  /// Scalar by scalar, without context: a final sigma stays a plain one.
  private func lowercased(_ scalars: [UInt32]) -> [UInt32] {
    var output: [UInt32] = []
    output.reserveCapacity(scalars.count)
    for value in scalars {
      if value < 0x80 {
        output.append((0x41 ... 0x5A).contains(value) ? value + 0x20 : value)
      } else if let scalar = Unicode.Scalar(value) {
        for lower in scalar.properties.lowercaseMapping.unicodeScalars {
          output.append(lower.value)
        }
      }
    }
    return output
  }

  /// Whether text may be cut before and after this scalar without changing its tokens: it becomes white
  /// space or a word of its own, whatever stands beside it.
  func isBreak(_ traits: ScalarTraits) -> Bool {
    if cleansText, traits.contains(.unclean) { return false }
    return traits.contains(.space) || traits.contains(.punctuation)
      || spacesChinese && traits.contains(.chinese)
  }
}

import Tensors

// A layer of many texts: every worker takes some of them through all of it by itself.
//
// Cut by tiles, a layer is a dozen products and passes, and workers wait for each other after each; what one wrote the other
// reads from its cache. Where most of a layer is left out, that takes as long as the rest.

extension EncoderForward {
  /// A worker's own forward, and what its last layer came to.
  final class Share {
    let forward: EncoderForward
    var runs: [Int?] = []
    var work = Work()

    init(_ forward: EncoderForward) { self.forward = forward }
  }

  /// Rows of a share at least: each reads all weights for its own.
  static let shareRowsMin = 24

  /// Where to cut the texts, so that every worker has about as many rows; nil where they cannot be cut so.
  ///
  /// - Parameter texts: the batch rows of each.
  /// - Returns: for every worker its texts.
  func cuts(of texts: [Range<Int>]) -> [Range<Int>]? {
    let count = shares.count
    guard count > 1, texts.count >= count, let rows = texts.last?.upperBound else { return nil }
    var (cuts, begin): ([Range<Int>], Int) = ([], 0)
    for worker in 1 ... count {
      // The last text of a share is the one whose middle lies before the share's end.
      let end =
        worker == count
        ? texts.count
        : texts.firstIndex { $0.lowerBound + $0.upperBound > 2 * rows * worker / count } ?? begin
      guard end > begin else { return nil }
      cuts.append(begin ..< end)
      begin = end
    }
    let sizes = cuts.map { texts[$0.upperBound - 1].upperBound - texts[$0.lowerBound].lowerBound }
    guard let least = sizes.min(), let most = sizes.max(), least >= Self.shareRowsMin,
      4 * most * count <= 5 * rows
    else { return nil }
    return cuts
  }

  /// A layer whose texts are cut.
  func shared(
    _ index: Int,
    _ texts: [Range<Int>],
    _ taus: [Float?],
    _ cuts: [Range<Int>],
    counters: inout Work
  ) -> [Int?] {
    workers.together { worker in
      let (share, own) = (shares[worker], cuts[worker])
      let first = texts[own.lowerBound].lowerBound
      share.forward.x.take(first ..< texts[own.upperBound - 1].upperBound, of: x)
      share.work = Work()
      share.runs = share.forward.layer(
        index,
        texts: texts[own].map { $0.lowerBound - first ..< $0.upperBound - first },
        taus: taus.isEmpty ? [] : Array(taus[own]),
        counters: &share.work
      )
      share.forward.x.give(to: x, at: first)
    }
    x.tookRows()
    for share in shares { counters.add(share.work) }
    guard shares.contains(where: { !$0.runs.isEmpty }) else { return [] }
    // A share that ran whole says nothing of its rows.
    return zip(shares, cuts).flatMap { share, own -> [Int?] in
      guard share.runs.isEmpty else { return share.runs }
      let rows = texts[own.upperBound - 1].upperBound - texts[own.lowerBound].lowerBound
      return [Int?](repeating: nil, count: rows)
    }
  }
}

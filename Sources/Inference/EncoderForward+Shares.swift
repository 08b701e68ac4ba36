import Tensors

// A layer of many texts: workers take some of them through all of it by themselves, one share after the other.
//
// Cut by tiles, a layer is a dozen products and passes, and workers wait for each other after each; what one wrote the other
// reads from its cache. Where most of a layer is left out, that takes as long as the rest.

extension EncoderForward {
  /// Some texts of a step, and what a layer came to for them.
  final class Share {
    let texts: Range<Int>
    var runs: [Int?] = []
    var work = Work()

    init(_ texts: Range<Int>) { self.texts = texts }
  }

  /// Rows of a share at least: each reads all weights for its own.
  static let shareRowsMin = 24
  /// Shares of a worker at most.
  ///
  /// With more than one, who is done first, or was not kept from running, takes the next.
  static let sharesEach = 4

  /// Where to cut the texts, so that workers who take a share when they are free are done at about the same time; nil where
  /// they cannot be cut so.
  ///
  /// - Parameter texts: the batch rows of each.
  /// - Returns: the texts of each share.
  func cuts(of texts: [Range<Int>]) -> [Range<Int>]? {
    let count = soloists.count
    guard count > 1, let rows = texts.last?.upperBound else { return nil }
    let most = min(count * Self.sharesEach, rows / Self.shareRowsMin, texts.count)
    guard most >= count else { return nil }
    for shares in (count ... most).reversed() {
      if let cuts = Self.cuts(of: texts, into: shares), areEven(cuts, of: texts) { return cuts }
    }
    return nil
  }

  /// Cuts texts into shares of about as many rows; nil if that leaves a share without a text.
  private static func cuts(of texts: [Range<Int>], into shares: Int) -> [Range<Int>]? {
    guard let rows = texts.last?.upperBound else { return nil }
    var (cuts, begin): ([Range<Int>], Int) = ([], 0)
    for share in 1 ... shares {
      // The last text of a share is the one whose middle lies before the share's end.
      let end =
        share == shares
        ? texts.count
        : texts.firstIndex { $0.lowerBound + $0.upperBound > 2 * rows * share / shares } ?? begin
      guard end > begin else { return nil }
      cuts.append(begin ..< end)
      begin = end
    }
    return cuts
  }

  /// Whether no share is too small, and whether the last worker who is done has no more than a quarter above the mean.
  private func areEven(_ cuts: [Range<Int>], of texts: [Range<Int>]) -> Bool {
    var loads = soloists.map { _ in 0 }
    for cut in cuts {
      let size = texts[cut.upperBound - 1].upperBound - texts[cut.lowerBound].lowerBound
      guard size >= Self.shareRowsMin else { return false }
      let free = loads.indices.min { loads[$0] < loads[$1] } ?? 0
      loads[free] += size
    }
    return 4 * (loads.max() ?? 0) * loads.count <= 5 * loads.reduce(0, +)
  }

  /// A layer whose texts are cut.
  func shared(
    _ index: Int,
    _ texts: [Range<Int>],
    _ taus: [Float?],
    _ cuts: [Range<Int>],
    counters: inout Work
  ) -> [Int?] {
    let shares = cuts.map(Share.init)
    let (x, soloists) = (x, soloists)
    workers.deal(shares.count) { worker, item in
      let (share, own) = (shares[item], soloists[worker])
      let first = texts[share.texts.lowerBound].lowerBound
      own.x.borrowing(first ..< texts[share.texts.upperBound - 1].upperBound, of: x) {
        share.runs = own.layer(
          index,
          texts: texts[share.texts].map { $0.lowerBound - first ..< $0.upperBound - first },
          taus: taus.isEmpty ? [] : Array(taus[share.texts]),
          counters: &share.work
        )
      }
    }
    x.tookRows()
    for share in shares { counters.add(share.work) }
    guard shares.contains(where: { !$0.runs.isEmpty }) else { return [] }
    // A share that ran whole says nothing of its rows.
    return shares.flatMap { share -> [Int?] in
      guard share.runs.isEmpty else { return share.runs }
      let rows = texts[share.texts].reduce(0) { $0 + $1.count }
      return [Int?](repeating: nil, count: rows)
    }
  }
}

// Prompts of one tenant that begin alike: who comes later does not compute the beginning again.

extension Engine {
  /// Gives a waiting request its pages; those that hold its prompt's beginning already are shared, and
  /// their positions neither run nor cost anything.
  ///
  /// - Returns: whether there were enough.
  mutating func givePages(to sequence: Sequence) -> Bool {
    let lane = sequence.lane
    let tenant = sequence.request.tenant
    // Predict answers every position, so it computes every position.
    let sharesPrefix = limits.sharesPrefixes && sequence.promptCount != nil
    let shared =
      sharesPrefix ? lanes[lane].pool?.prefix(of: sequence.tokens, tenant: tenant) ?? [] : []
    guard let pages = lanes[lane].pool?.take(sequence.pagesWanted, sharing: shared),
      let pageSize = lanes[lane].pool?.pageSize
    else { return false }
    sequence.pages = pages
    sequence.pagesOffered = sequence.stream == nil ? shared.count : nil
    sequence.position = shared.count * pageSize
    sequence.bill.work.tokensReused += sequence.position
    counters.tokensReused += sequence.position
    return true
  }

  /// Lets the tenant's later prompts share the pages that a sequence has filled.
  mutating func offerPages(of sequence: Sequence) {
    guard limits.sharesPrefixes, let pageSize = lanes[sequence.lane].pool?.pageSize else { return }
    while let offered = sequence.pagesOffered, (offered + 1) * pageSize <= sequence.position {
      let start = offered * pageSize
      let key = PrefixIndex.Key(
        tenant: sequence.request.tenant,
        previous: offered > 0 ? sequence.pages[offered - 1] : nil,
        tokens: Array(sequence.tokens[start ..< start + pageSize])
      )
      let isFirst = lanes[sequence.lane].pool?.share(sequence.pages[offered], as: key) ?? false
      sequence.pagesOffered = isFirst ? offered + 1 : nil
    }
  }
}

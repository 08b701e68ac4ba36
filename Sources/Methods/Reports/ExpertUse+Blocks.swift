extension ExpertUse {
  /// The experts of a block that ran.
  ///
  /// - Parameters:
  ///   - name: of the block.
  ///   - runs: pairs of row and expert that ran.
  ///   - tenths: (11), rows by the tenths of the experts that ran for them, all of them last.
  ///   - experts: of the block.
  init(name: String, runs: Int, tenths: [Int], experts: Int) {
    let rows = tenths.reduce(0, +)
    self.init(
      name: name,
      // No row at all has no mean.
      mean: Double(runs) / Double(rows * experts),
      // All experts are counted by themselves, and belong to the last tenth.
      tokens: Array(tenths.prefix(9)) + [tenths[9] + tenths[10]]
    )
  }
}

extension LearningReport.Section {
  /// Sections that show which share of each layer's experts runs, feed-forward layers before projections.
  static func experts(
    _ uses: [(isProjection: Bool, use: ExpertUse)],
    lead: String
  ) -> [LearningReport.Section] {
    let all: [(isProjection: Bool, title: String, lead: String)] = [
      (false, "Where experts run", lead),
      (
        true, "Where experts of attention run",
        "The same for what stands for the projections around attention."
      ),
    ]
    return all.compactMap { kind, title, lead in
      let own = uses.filter { $0.isProjection == kind }.map(\.use)
      return own.isEmpty ? nil : .init(title: title, lead: lead, body: .experts(own))
    }
  }
}

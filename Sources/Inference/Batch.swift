import Tensors

/// One step's rows: which token of which sequence, and how deep it got.
struct Batch {
  var rows: [Row] = []

  struct Row {
    let sequence: Sequence
    let token: Int32
    /// The token's position in its sequence.
    let position: Int
    /// Positions that its attention sees, itself included.
    let seen: Int
    /// Segment of the token; encoders only.
    var type: Int32 = 0
    /// Whether the step ends with this row's logits.
    var wantsLogits = false
    /// Layers that ran.
    var layersRun = 0
  }

  var isEmpty: Bool { rows.isEmpty }
  var count: Int { rows.count }

  /// The sequences that take part, each once, in order of their first row.
  var sequences: [Sequence] {
    var seen: Set<SequenceID> = []
    return rows.lazy.map(\.sequence).filter { seen.insert($0.id).inserted }
  }

  /// The rows by sequence: those that follow each other, and the pages of their keys and values.
  var runs: [AttentionRun] {
    var runs: [AttentionRun] = []
    var previous: Row?
    for (index, row) in rows.enumerated() {
      if let last = previous, last.sequence === row.sequence, last.position + 1 == row.position {
        runs[runs.count - 1].rows = runs[runs.count - 1].rows.lowerBound ..< index + 1
      } else {
        let pages = row.sequence.pages
        runs.append(AttentionRun(rows: index ..< index + 1, position: row.position, pages: pages))
      }
      previous = row
    }
    return runs
  }
}

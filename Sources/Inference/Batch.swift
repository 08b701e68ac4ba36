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

  /// Keeps the rows for which `stays` holds, and the same rows of the activations (R, D).
  mutating func narrow(_ x: inout [Float], stays: (Row) -> Bool) {
    let width = rows.isEmpty ? 0 : x.count / rows.count
    var kept = 0
    for index in rows.indices where stays(rows[index]) {
      if kept != index {
        rows[kept] = rows[index]
        for d in 0 ..< width { x[kept * width + d] = x[index * width + d] }
      }
      kept += 1
    }
    rows.removeLast(rows.count - kept)
    x.removeLast(x.count - kept * width)
  }
}

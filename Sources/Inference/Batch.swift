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
    /// What it takes part for.
    var stage = Stage.asking
    /// Of a classified stream's token that is asked for, or that takes all earlier ones along to the last layer.
    var stream: StreamRow?
  }

  /// What a row takes part in a layer for.
  enum Stage {
    /// Its own answer.
    case asking
    /// Later rows, which see what it would have been: it has left, and goes on all the same.
    case owing
    /// Later rows, which see its keys and values as it left.
    case lending
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
        runs[runs.count - 1].asking = []
      }
      if row.stage != .lending { runs[runs.count - 1].ask(index) }
      previous = row
    }
    return runs
  }

  /// The rows that only lend keys and values; empty in most batches.
  var lending: [Int] { rows.indices.filter { rows[$0].stage == .lending } }

  /// The places of each classified stream's rows, in order of its first row.
  var streams: [(stream: TokenStream, rows: Range<Int>)] {
    var found: [(stream: TokenStream, rows: Range<Int>)] = []
    for (index, row) in rows.enumerated() {
      guard let stream = row.sequence.stream else { continue }
      if let last = found.last, last.stream === stream {
        found[found.count - 1].rows = last.rows.lowerBound ..< index + 1
      } else {
        found.append((stream, index ..< index + 1))
      }
    }
    return found
  }
}

extension AttentionRun {
  /// Lets the batch's row `index` attend, which follows all that do.
  fileprivate mutating func ask(_ index: Int) {
    if let last = asking.last, last.upperBound == index {
      asking[asking.count - 1] = last.lowerBound ..< index + 1
    } else {
      asking.append(index ..< index + 1)
    }
  }
}

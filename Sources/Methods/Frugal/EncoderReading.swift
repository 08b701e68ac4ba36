internal import Models
import Tensors

/// What an encoder says about texts, and what that took: one pass over them without gradients.
struct EncoderReading: Sendable {
  /// For every text (labels).
  var logits: [[Float]] = []
  /// Tokens of every text.
  var lengths: [Int] = []
  /// For every text (blocks): pairs of row and expert that ran; empty without routing.
  var runs: [[Int]] = []
  /// (blocks) of 11: rows by the tenths of the experts that ran for them, all of them last.
  var tenths: [[Int]] = []
  /// (layers + 1) of (texts, width): first rows before and after every layer; empty if not asked for.
  var firstRows: [[Float]] = []
  /// (layers + 1) of (texts, width): means over the rows of each text.
  var meanRows: [[Float]] = []

  /// Texts of a batch: long ones among them share their rows' work.
  private static let batchTexts = 48

  /// Reads texts.
  ///
  /// - Parameters:
  ///   - texts: any number.
  ///   - network: what reads.
  ///   - routing: which experts run; nil runs the layers whole.
  ///   - keepsRows: whether `firstRows` and `meanRows` are kept.
  ///   - crew: does the work.
  init(
    _ texts: [TokenizedText],
    _ network: EncoderNetwork<Float>,
    _ routing: Routing? = nil,
    keepsRows: Bool = false,
    _ crew: Crew<Float>
  ) {
    // Texts of one length after the other: parts of equal work, and batches that are alike.
    let order = texts.indices.sorted {
      (texts[$0].tokens.count, $0) < (texts[$1].tokens.count, $1)
    }
    let batches = stride(from: 0, to: order.count, by: Self.batchTexts).map {
      Array(order[$0 ..< min($0 + Self.batchTexts, order.count)])
    }
    let parts = crew.map { index, tape -> [Part] in
      tape.isRecording = false
      defer { tape.isRecording = true }
      return stride(from: index, to: batches.count, by: crew.count).map {
        Part(batches[$0].map { texts[$0] }, places: batches[$0], network, routing, keepsRows, tape)
      }
    }
    collect(parts.flatMap { $0 }, texts, network, routing, keepsRows)
  }

  /// Reads texts without their rows, or takes what an earlier run read.
  ///
  /// - Parameters:
  ///   - texts: any number.
  ///   - network: what reads.
  ///   - routing: which experts run; nil runs the layers whole.
  ///   - crew: does the work.
  ///   - stages: where it is kept.
  ///   - name: what it is kept under.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  init(
    _ texts: [TokenizedText],
    _ network: EncoderNetwork<Float>,
    _ routing: Routing?,
    _ crew: Crew<Float>,
    _ stages: RunStages,
    _ name: String
  ) throws(FormatError) {
    let kept = try stages.kept(name, "logits", "runs", "tenths") {
      let own = EncoderReading(texts, network, routing, crew)
      return [
        own.logits.flatMap { $0 }, own.runs.flatMap { $0.map { Float($0) } },
        own.tenths.flatMap { $0.flatMap { [Float](bits: UInt64($0)) } },
      ]
    }
    lengths = texts.map(\.tokens.count)
    logits = kept[0].parts(of: network.configuration.labels.count)
    runs = kept[1].parts(of: network.blocks.count).map { $0.map { Int($0) } }
    tenths = kept[2].parts(of: 4 * 11).map { own in
      (0 ..< 11).map { Int(own.bits(at: 4 * $0)) }
    }
  }

  private mutating func collect(
    _ parts: [Part],
    _ texts: [TokenizedText],
    _ network: EncoderNetwork<Float>,
    _ routing: Routing?,
    _ keepsRows: Bool
  ) {
    let (layers, width) = (network.layers.count, network.configuration.width)
    lengths = texts.map(\.tokens.count)
    logits = .init(repeating: [], count: texts.count)
    if routing != nil {
      runs = .init(repeating: [], count: texts.count)
      tenths = .init(repeating: .init(repeating: 0, count: 11), count: network.blocks.count)
    }
    if keepsRows {
      let zeros = [Float](repeating: 0, count: texts.count * width)
      firstRows = .init(repeating: zeros, count: layers + 1)
      meanRows = firstRows
    }
    for part in parts {
      for (own, place) in part.places.enumerated() {
        logits[place] = part.logits[own]
        if routing != nil { runs[place] = part.runs[own] }
        guard keepsRows else { continue }
        for layer in 0 ... layers {
          let (from, to) = (
            own * width ..< (own + 1) * width, place * width ..< (place + 1) * width
          )
          firstRows[layer].replaceSubrange(to, with: part.firstRows[layer][from])
          meanRows[layer].replaceSubrange(to, with: part.meanRows[layer][from])
        }
      }
      for (block, counts) in part.tenths.enumerated() {
        for (tenth, count) in counts.enumerated() { tenths[block][tenth] += count }
      }
    }
  }

  /// The same for some of the texts.
  private struct Part: Sendable {
    let places: [Int]
    var logits: [[Float]] = []
    var runs: [[Int]] = []
    var tenths: [[Int]] = []
    var firstRows: [[Float]] = []
    var meanRows: [[Float]] = []

    init(
      _ texts: [TokenizedText],
      places: [Int],
      _ network: EncoderNetwork<Float>,
      _ routing: Routing?,
      _ keepsRows: Bool,
      _ tape: Tape<Float>
    ) {
      self.places = places
      let batch = TokenBatch(texts)
      let layers = network.layers.count
      if routing != nil {
        let blocks = network.blocks.count
        runs = .init(repeating: .init(repeating: 0, count: blocks), count: texts.count)
        tenths = .init(repeating: .init(repeating: 0, count: 11), count: blocks)
      }
      let hidden = network.hidden(batch, tape) { pass in
        guard let routing else { return pass.neurons }
        let (neurons, masks) = routing.apply(pass, tape)
        count(masks, routing.experts.count(of: pass.block), pass.block, batch)
        return neurons
      }
      let answers = network.logits(last: hidden[layers], batch, tape)
      logits = answers.rowsOfValues
      guard keepsRows else { return }
      for rows in hidden {
        firstRows.append(tape.rows(of: rows, at: batch.firstRows).values)
        meanRows.append(tape.means(of: rows, lengths: batch.lengths).values)
      }
    }

    private mutating func count(
      _ masks: [Bool],
      _ experts: Int,
      _ block: Int,
      _ batch: TokenBatch
    ) {
      var row = 0
      for (text, length) in batch.lengths.enumerated() {
        for _ in 0 ..< length {
          let run = masks[row * experts ..< (row + 1) * experts].count { $0 }
          runs[text][block] += run
          tenths[block][run * 10 / experts] += 1
          row += 1
        }
      }
    }
  }
}

extension Variable<Float> {
  /// Its rows, each as a list.
  var rowsOfValues: [[Float]] {
    let values = values
    return (0 ..< rows).map { Array(values[$0 * columns ..< ($0 + 1) * columns]) }
  }
}

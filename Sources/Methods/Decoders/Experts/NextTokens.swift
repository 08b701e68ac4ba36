internal import Foundation
internal import Models
import Tensors

/// What a language model says comes next, at every token but the last of some texts.
struct NextTokens: Sendable {
  /// −log of the probability of what did come next, in nats.
  private(set) var losses: [Double] = []
  /// The likeliest token.
  private(set) var likeliest: [Int32] = []
  /// Pairs of row and expert that ran, in all layers; 0 without routing.
  private(set) var pairs = 0
  /// Rows.
  private(set) var rows = 0

  /// Reads texts.
  ///
  /// - Parameters:
  ///   - texts: token by token, at least two each.
  ///   - pass: the model.
  ///   - head: scores of the vocabulary.
  ///   - routing: which experts run; nil runs layers whole.
  ///   - crew: does the work.
  init(
    _ texts: [[Int32]],
    _ pass: DecoderPass,
    _ head: VocabularyHead,
    _ routing: Routing?,
    _ crew: Crew<Float>
  ) {
    let parts = crew.map { index, tape -> NextTokens in
      tape.isRecording = false
      defer { tape.isRecording = true }
      var part = NextTokens()
      for place in stride(from: index, to: texts.count, by: crew.count) {
        part.add(texts[place], pass, head, routing, tape)
      }
      return part
    }
    // Back in the texts' order, so that two readings can be compared token by token.
    var places = [Int](repeating: 0, count: crew.count)
    for (place, text) in texts.enumerated() {
      let (part, count) = (parts[place % crew.count], text.count - 1)
      let own = places[place % crew.count] ..< places[place % crew.count] + count
      losses += part.losses[own]
      likeliest += part.likeliest[own]
      places[place % crew.count] += count
    }
    (pairs, rows) = parts.reduce((0, 0)) { ($0.0 + $1.pairs, $0.1 + $1.rows) }
  }

  private init() {}

  /// Reads texts, or takes what an earlier run read.
  ///
  /// - Parameters:
  ///   - texts: token by token, at least two each.
  ///   - pass: the model.
  ///   - head: scores of the vocabulary.
  ///   - routing: which experts run; nil runs layers whole.
  ///   - crew: does the work.
  ///   - stages: where it is kept.
  ///   - name: what it is kept under.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  init(
    _ texts: [[Int32]],
    _ pass: DecoderPass,
    _ head: VocabularyHead,
    _ routing: Routing?,
    _ crew: Crew<Float>,
    _ stages: RunStages,
    _ name: String
  ) throws(FormatError) {
    let kept = try stages.kept(name, "losses", "likeliest", "pairs") {
      let own = NextTokens(texts, pass, head, routing, crew)
      return [
        own.losses.map { Float($0) }, own.likeliest.map { Float($0) },
        [Float](bits: UInt64(own.pairs)),
      ]
    }
    losses = kept[0].map { Double($0) }
    likeliest = kept[1].map { Int32($0) }
    pairs = Int(kept[2].bits())
    rows = texts.reduce(0) { $0 + $1.count }
  }

  private mutating func add(
    _ text: [Int32],
    _ pass: DecoderPass,
    _ head: VocabularyHead,
    _ routing: Routing?,
    _ tape: Tape<Float>
  ) {
    var batch = TokenBatch()
    batch.add(text)
    var run = 0
    let hidden = pass.hidden(batch, after: [pass.layers.count], tape) { ffn in
      guard let routing else { return ffn.neurons }
      let (neurons, masks) = routing.apply(ffn, tape)
      run += masks.count { $0 }
      return neurons
    }
    pairs += run
    rows += text.count
    let logits = head.logits(hidden[0], tape)
    let logs = tape.logSoftmax(logits)
    let (values, width) = (logs.values, logs.columns)
    for (row, next) in text.dropFirst().enumerated() {
      let own = values[row * width ..< (row + 1) * width]
      losses.append(-Double(own[row * width + Int(next)]))
      var best = own.startIndex
      for place in own.indices where own[place] > own[best] { best = place }
      likeliest.append(Int32(best - row * width))
    }
  }

  /// exp of the mean loss.
  var perplexity: Double { exp(losses.reduce(0, +) / Double(max(1, losses.count))) }

  /// Share of tokens at which another says the same.
  func agreement(with other: NextTokens) -> Double {
    let same = zip(likeliest, other.likeliest).count { $0 == $1 }
    return Double(same) / Double(max(1, likeliest.count))
  }
}

/// The norm before the head of a language model, and the head.
struct VocabularyHead: Sendable {
  private let norm: FrozenNorm
  private let map: FrozenMap
  private let epsilon: Float

  init(_ configuration: LlamaConfiguration, _ weights: LlamaWeights) {
    norm = FrozenNorm("finalNorm", weights.finalNorm, weights.finalNormBias)
    map = FrozenMap("head", weights.head, nil)
    epsilon = configuration.rmsEpsilon
  }

  /// (rows, width) to (rows, vocabulary).
  func logits(_ x: Variable<Float>, _ tape: Tape<Float>) -> Variable<Float> {
    map(norm(x, epsilon: epsilon, tape), tape)
  }
}

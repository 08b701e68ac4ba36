public import Models
public import Tensors

/// The forward of a frozen language model over texts that lie one after the other, without padding.
///
/// The same arithmetic as `LlamaReference`, on a tape that does not record: float32, its weights decoded once (4 bytes for
/// each: 540 MB of SmolLM2-135M). Several threads may use one, each with a tape of its own.
public struct DecoderPass: Sendable {
  /// The model's shape.
  public let configuration: LlamaConfiguration
  /// The longest text, in tokens.
  public let tokensMax: Int
  private let embedding: Parameter<Float>
  private let positionEmbedding: Parameter<Float>?
  let layers: [DecoderLayer]
  private let turns: Turns<Float>?
  private let unitGain: Parameter<Float>

  /// Decodes the weights.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - weights: of the same model.
  ///   - tokensMax: the longest text, at most `configuration.positionsMax`.
  public init(_ configuration: LlamaConfiguration, _ weights: LlamaWeights, tokensMax: Int) {
    precondition(
      tokensMax > 0 && tokensMax <= configuration.positionsMax,
      "\(tokensMax) tokens of \(configuration.positionsMax) positions"
    )
    self.configuration = configuration
    self.tokensMax = tokensMax
    embedding = .frozen(Parameter("embedding", weights.embedding))
    positionEmbedding = weights.positionEmbedding.map {
      .frozen(Parameter("positions", $0.selecting(Array(0 ..< tokensMax))))
    }
    layers = weights.layers.enumerated().map { DecoderLayer($1, $0) }
    turns =
      configuration.position == .rotary
      ? Turns(RopeTable(configuration, positions: tokensMax)) : nil
    let ones = [Float](repeating: 1, count: configuration.width)
    unitGain = .frozen(Parameter("unit", ones))
  }

  /// All that stays as it is, in the order of use.
  var parameters: [Parameter<Float>] {
    [embedding] + (positionEmbedding.map { [$0] } ?? []) + layers.flatMap(\.parameters)
  }

  /// The rows after chosen layers.
  ///
  /// - Parameters:
  ///   - batch: tokens below the vocabulary, texts of at most `tokensMax`.
  ///   - chosen: how many layers rows have gone through: 0 is the embedding; ascending.
  ///   - tape: one that does not record.
  ///   - neurons: is shown every feed-forward layer, and says what to go on with.
  /// - Returns: for each of `chosen` (rows, width), before any norm.
  public func hidden(
    _ batch: TokenBatch,
    after chosen: [Int],
    _ tape: Tape<Float>,
    neurons: EncoderNetwork<Float>.Observer = { $0.neurons }
  ) -> [Variable<Float>] {
    precondition(
      zip(chosen, chosen.dropFirst()).allSatisfy { $0 < $1 }
        && chosen.allSatisfy { $0 >= 0 && $0 <= layers.count },
      "rows after layers \(chosen) of \(layers.count)"
    )
    var x = embedded(batch, tape)
    var found = chosen.first == 0 ? [x] : []
    for layer in 0 ..< (chosen.last ?? 0) {
      x = through(layer, x, batch, tape, neurons: neurons)
      if chosen.contains(layer + 1) { found.append(x) }
    }
    return found
  }

  /// The rows before the first layer: (rows, width).
  func embedded(_ batch: TokenBatch, _ tape: Tape<Float>) -> Variable<Float> {
    precondition(!tape.isRecording, "nothing is learned here; recording only fills memory")
    let x = tape.rows(of: tape.variable(embedding), at: batch.tokens)
    guard let positionEmbedding else { return x }
    return tape.sum(x, tape.rows(of: tape.variable(positionEmbedding), at: batch.positions))
  }

  /// What a head reads at every token: the row, divided by its root mean square, and beside it the mean of all such rows of
  /// the text so far.
  ///
  /// The gain of a norm would be lost in the linear map that follows, and the model's final one fits the rows of its last
  /// layer alone, so there is none. Without the division a head would have to bear that rows grow from layer to layer, and
  /// the first row of a text, which is far longer than others, would be most of the mean. The mean is there because a row of
  /// a middle layer is about its own token more than about the text: with it, heads after 5 of SmolLM2's 30 layers are right
  /// about as often on tweets as the last layer's row alone. It costs a sum for each stream and exit, and no product.
  ///
  /// - Parameters:
  ///   - x: (rows, width), after any layer; of tokens that have left, as they left.
  ///   - batch: whose rows they are.
  ///   - tape: where it is computed.
  /// - Returns: (rows, 2 · width).
  public func features(
    _ x: Variable<Float>,
    _ batch: TokenBatch,
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    let gain = tape.variable(unitGain)
    let unit = tape.rmsNorm(x, gain: gain, epsilon: configuration.rmsEpsilon)
    return tape.beside([unit, tape.runningMeans(of: unit, lengths: batch.lengths)])
  }

  /// Numbers that a head reads at every token.
  public var featureWidth: Int { 2 * configuration.width }

  /// One layer.
  ///
  /// - Parameters:
  ///   - index: of the layer, from 0.
  ///   - x: (rows, width).
  ///   - batch: whose rows they are.
  ///   - going: the rows that go through it, ascending; the others only lend it their keys and values, and stay as they are.
  ///     nil is all.
  ///   - tape: one that does not record.
  ///   - observe: is shown the feed-forward layer, and says what to go on with.
  /// - Returns: (rows, width).
  func through(
    _ index: Int,
    _ x: Variable<Float>,
    _ batch: TokenBatch,
    going: [Int]? = nil,
    _ tape: Tape<Float>,
    neurons observe: EncoderNetwork<Float>.Observer = { $0.neurons }
  ) -> Variable<Float> {
    // With no row on its way nobody asks for keys and values either.
    if let going, going.isEmpty { return x }
    let (layer, epsilon) = (layers[index], configuration.rmsEpsilon)
    func gone(_ y: Variable<Float>) -> Variable<Float> {
      going.map { tape.rows(of: y, at: $0) } ?? y
    }
    let normed = layer.attentionNorm(x, epsilon: epsilon, tape)
    let mixed = gone(attention(layer, normed, batch, going: going, tape))
    let y = tape.sum(gone(x), layer.output(mixed, tape))
    let input = layer.ffnNorm(y, epsilon: epsilon, tape)
    let (raised, given) = neurons(layer, input, tape)
    let pass = FeedForwardPass(
      block: index,
      layer: index,
      projection: nil,
      input: input,
      raised: raised,
      neurons: given
    )
    let z = tape.sum(y, layer.down(observe(pass), tape))
    return going.map { tape.placed(z, at: $0, in: x) } ?? z
  }

  /// What the heads of every row give; of rows that do not go through, anything.
  private func attention(
    _ layer: DecoderLayer,
    _ x: Variable<Float>,
    _ batch: TokenBatch,
    going: [Int]?,
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    let asking = going.map { tape.rows(of: x, at: $0) } ?? x
    let positions = going.map { $0.map { batch.positions[$0] } } ?? batch.positions
    var q = turned(layer.query(asking, tape), layer.queryNorm, positions, tape)
    let k = turned(layer.key(x, tape), layer.keyNorm, batch.positions, tape)
    if let going {
      // The loops want a query for every row: those that are not asked for get that of another.
      var places = [Int](repeating: 0, count: x.rows)
      for (place, row) in going.enumerated() { places[row] = place }
      q = tape.rows(of: q, at: places)
    }
    let layout = AttentionLayout(
      lengths: batch.lengths,
      heads: configuration.heads,
      keyValueHeads: configuration.keyValueHeads,
      headWidth: configuration.headWidth,
      isCausal: true
    )
    return tape.attention(q, k, layer.value(x, tape), layout)
  }

  /// Queries or keys, their heads normed and turned where the family does so.
  private func turned(
    _ x: Variable<Float>,
    _ norm: FrozenNorm?,
    _ positions: [Int],
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    var x = x
    if let norm {
      let heads = tape.reshaped(x, rows: x.count / configuration.headWidth)
      x = tape.reshaped(norm(heads, epsilon: configuration.rmsEpsilon, tape), rows: x.rows)
    }
    return turns.map { tape.turned(x, by: $0, positions: positions) } ?? x
  }

  private func neurons(
    _ layer: DecoderLayer,
    _ x: Variable<Float>,
    _ tape: Tape<Float>
  ) -> (raised: Variable<Float>, given: Variable<Float>) {
    let up = layer.up(x, tape)
    switch (configuration.feedForward, layer.gate) {
    case (.gatedSilu, let gate?):
      let raised = gate(x, tape)
      return (raised, tape.product(tape.curve(.silu, raised), up))
    case (.plain(let activation), nil): return (up, tape.curve(activation.curve, up))
    default: preconditionFailure("\(configuration.feedForward), and a gate or none")
    }
  }
}

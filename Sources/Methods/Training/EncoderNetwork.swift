public import Models
public import Tensors

/// An encoder of BERT's kind that is being taught, with a classification head.
///
/// The same arithmetic as `BertReference`, on a tape. Devlin et al., "BERT", arXiv:1810.04805.
public final class EncoderNetwork<Number: Real>: Sendable {
  /// One layer; norms come after each residual sum.
  public struct Layer: Sendable {
    /// To queries, keys, values, and back.
    public let query, key, value, output: DenseParameters<Number>
    /// What stands for these four since they were replaced; they are not run then.
    public let projections: LayerProjections<Number>?
    /// After attention.
    public let attentionNorm: NormParameters<Number>
    /// (ffnWidth, width).
    public let up: DenseParameters<Number>
    /// (width, ffnWidth).
    public let down: DenseParameters<Number>
    /// After the feed-forward layer.
    public let outputNorm: NormParameters<Number>
  }

  /// Shares of numbers that are left out while learning, as BERT does.
  public struct Dropout: Sendable, Equatable {
    /// Of rows: embeddings, what attention and feed-forward layers give, what the classifier reads.
    public var hidden: Double
    /// Of attention weights.
    public var attention: Double

    /// Both shares, each 0 ..< 1.
    public init(hidden: Double = 0.1, attention: Double = 0.1) {
      self.hidden = hidden
      self.attention = attention
    }

    /// Nothing is left out.
    public static var none: Dropout { Dropout(hidden: 0, attention: 0) }
  }

  /// Is shown a feed-forward layer at work, and gives the neurons (rows, ffnWidth) that go on: those shown, or some of them.
  public typealias Observer = (FeedForwardPass<Number>) -> Variable<Number>

  /// Shape, labels, and what they mean.
  public let configuration: BertConfiguration
  /// (vocabulary, width).
  public let wordEmbedding: Parameter<Number>
  /// (positionsMax, width).
  public let positionEmbedding: Parameter<Number>
  /// (typesCount, width); nil where the model does not tell segments apart.
  public let typeEmbedding: Parameter<Number>?
  /// After the sum of the embeddings.
  public let embeddingNorm: NormParameters<Number>
  /// In order of use.
  public let layers: [Layer]
  /// (width, width) over the first row.
  public let pooler: DenseParameters<Number>
  /// (labels, width).
  public let classifier: DenseParameters<Number>

  /// Takes a checkpoint over, with a classifier for `labels`.
  ///
  /// The checkpoint's own classifier is kept if it has these labels in this order; otherwise a fresh one begins. So does a
  /// pooler where the checkpoint has none.
  ///
  /// - Parameters:
  ///   - configuration: of the checkpoint.
  ///   - weights: of the checkpoint.
  ///   - labels: names of the classes, at least one.
  ///   - problem: what the logits mean.
  ///   - activation: of the feed-forward neurons; nil keeps the checkpoint's.
  ///   - projections: what stands for each layer's attention projections; nil is themselves.
  ///   - seed: of the fresh parts.
  public init(
    _ configuration: BertConfiguration,
    _ weights: BertWeights,
    labels: [String],
    problem: BertConfiguration.Problem,
    activation: BertConfiguration.Activation? = nil,
    projections: [LayerProjections<Number>]? = nil,
    seed: UInt64
  ) {
    precondition(!labels.isEmpty, "no labels")
    precondition(projections?.count ?? weights.layers.count == weights.layers.count, "projections")
    let names = EncoderParameterNames()
    var random = SeededRandom(seed: seed)
    let width = configuration.width
    wordEmbedding = .init(names.words, weights.wordEmbedding)
    positionEmbedding = .init(names.positions, weights.positionEmbedding)
    typeEmbedding = weights.typeEmbedding.map { .init(names.types, $0) }
    embeddingNorm = .init(names.embeddingNorm, weights.embeddingNorm)
    layers = weights.layers.enumerated().map { index, layer in
      let name = { names.part($0, of: index) }
      return Layer(
        query: .init(name("attention.self.query"), layer.query),
        key: .init(name("attention.self.key"), layer.key),
        value: .init(name("attention.self.value"), layer.value),
        output: .init(name("attention.output.dense"), layer.output),
        projections: projections?[index],
        attentionNorm: .init(name("attention.output.LayerNorm"), layer.attentionNorm),
        up: .init(name("intermediate.dense"), layer.up),
        down: .init(name("output.dense"), layer.down),
        outputNorm: .init(name("output.LayerNorm"), layer.outputNorm)
      )
    }
    pooler =
      weights.pooler.map { .init(names.pooler, $0) }
      ?? .init(fresh: names.pooler, outputs: width, inputs: width, &random)
    let isKept = configuration.labels == labels
    classifier =
      (isKept ? weights.classifier : nil).map { .init(names.classifier, $0) }
      ?? .init(fresh: names.classifier, outputs: labels.count, inputs: width, &random)
    var own = configuration
    own.labels = labels
    own.problem = problem
    own.hasPooler = true
    own.family = projections == nil ? "bert" : EncoderFolder.replacedName
    if let activation { own.activation = activation }
    self.configuration = own
  }

  /// The rows after every layer.
  ///
  /// - Parameters:
  ///   - batch: tokens below the vocabulary, texts of at most `positionsMax`.
  ///   - tape: where it is recorded.
  ///   - dropout: applies while the tape records.
  ///   - neurons: is shown every feed-forward layer, and says what to go on with.
  /// - Returns: `layers + 1` grids (rows, width), the embeddings' first.
  public func hidden(
    _ batch: TokenBatch,
    _ tape: Tape<Number>,
    dropout: Dropout = .none,
    neurons: Observer = { $0.neurons }
  ) -> [Variable<Number>] {
    hidden(batch, tape, dropout: dropout, neurons: neurons) { _ in }
  }

  /// As `hidden`, and shows every linear map around attention as well.
  func hidden(
    _ batch: TokenBatch,
    _ tape: Tape<Number>,
    dropout: Dropout = .none,
    neurons: Observer = { $0.neurons },
    shows: (ProjectionPass<Number>) -> Void
  ) -> [Variable<Number>] {
    var x = tape.sum(
      tape.rows(of: tape.variable(wordEmbedding), at: batch.tokens),
      tape.rows(of: tape.variable(positionEmbedding), at: batch.positions)
    )
    if let typeEmbedding {
      x = tape.sum(x, tape.rows(of: tape.variable(typeEmbedding), at: batch.types))
    }
    x = embeddingNorm(x, epsilon: configuration.layerNormEpsilon, tape)
    x = tape.dropout(x, dropout.hidden)
    var all = [x]
    for index in layers.indices {
      x = through(index, x, batch, tape, dropout, neurons, shows)
      all.append(x)
    }
    return all
  }

  private func through(
    _ index: Int,
    _ x: Variable<Number>,
    _ batch: TokenBatch,
    _ tape: Tape<Number>,
    _ dropout: Dropout,
    _ choose: Observer,
    _ show: (ProjectionPass<Number>) -> Void
  ) -> Variable<Number> {
    let layer = layers[index]
    let epsilon = configuration.layerNormEpsilon
    let layout = AttentionLayout(
      lengths: batch.lengths,
      heads: configuration.heads,
      keyValueHeads: configuration.heads,
      headWidth: configuration.headWidth,
      isCausal: false
    )
    func projected(_ part: ProjectionPart, _ x: Variable<Number>) -> Variable<Number> {
      projection(part, of: index, x, tape, choose, show)
    }
    let mixed = tape.attention(
      projected(.query, x),
      projected(.key, x),
      projected(.value, x),
      layout,
      dropout: dropout.attention
    )
    let attended = tape.dropout(projected(.output, mixed), dropout.hidden)
    let y = layer.attentionNorm(tape.sum(x, attended), epsilon: epsilon, tape)
    let raised = layer.up(y, tape)
    let curved = tape.curve(configuration.activation.curve, raised)
    let neurons = choose(
      FeedForwardPass(
        block: (index + 1) * blocksPerLayer - 1,
        layer: index,
        projection: nil,
        input: y,
        raised: raised,
        neurons: curved
      )
    )
    let answer = tape.dropout(layer.down(neurons, tape), dropout.hidden)
    return layer.outputNorm(tape.sum(y, answer), epsilon: epsilon, tape)
  }

  private func projection(
    _ part: ProjectionPart,
    of index: Int,
    _ x: Variable<Number>,
    _ tape: Tape<Number>,
    _ choose: Observer,
    _ show: (ProjectionPass<Number>) -> Void
  ) -> Variable<Number> {
    let layer = layers[index]
    guard let own = layer.projections?[part] else {
      let y = layer.linear(part)(x, tape)
      show(ProjectionPass(layer: index, part: part, input: x, output: y))
      return y
    }
    let raised = own.up(x, tape)
    let neurons = choose(
      FeedForwardPass(
        block: index * blocksPerLayer + part.place,
        layer: index,
        projection: part,
        input: x,
        raised: raised,
        neurons: tape.curve(.relu, raised)
      )
    )
    return own.down(neurons, tape)
  }

  /// The logits of the classification head.
  ///
  /// - Parameters:
  ///   - batch: as `hidden` takes it.
  ///   - tape: where it is recorded.
  ///   - dropout: applies while the tape records.
  ///   - neurons: as `hidden` takes it.
  /// - Returns: (texts, labels).
  public func logits(
    _ batch: TokenBatch,
    _ tape: Tape<Number>,
    dropout: Dropout = .none,
    neurons: Observer = { $0.neurons }
  ) -> Variable<Number> {
    let rows = hidden(batch, tape, dropout: dropout, neurons: neurons)
    return logits(last: rows[layers.count], batch, tape, dropout: dropout)
  }

  /// The logits of the classification head, from the rows after the last layer.
  func logits(
    last: Variable<Number>,
    _ batch: TokenBatch,
    _ tape: Tape<Number>,
    dropout: Dropout = .none
  ) -> Variable<Number> {
    let first = tape.rows(of: last, at: batch.firstRows)
    let curve: Curve = configuration.poolerActivation == .tanh ? .tanh : .relu
    let pooled = tape.curve(curve, pooler(first, tape))
    return classifier(tape.dropout(pooled, dropout.hidden), tape)
  }

  /// Everything that can be learned, in the order of use.
  public var parameters: [Parameter<Number>] {
    var list = [wordEmbedding, positionEmbedding]
    if let typeEmbedding { list.append(typeEmbedding) }
    list += [embeddingNorm.gain, embeddingNorm.bias]
    for layer in layers {
      list += layer.projections?.parameters ?? layer.linearParameters
      list += [layer.attentionNorm.gain, layer.attentionNorm.bias]
      for map in [layer.up, layer.down] { list += [map.weight, map.bias] }
      list += [layer.outputNorm.gain, layer.outputNorm.bias]
    }
    for map in [pooler, classifier] { list += [map.weight, map.bias] }
    return list
  }

  /// The tables that are looked up, and the norm over their sum.
  public var embeddings: [Parameter<Number>] {
    [wordEmbedding, positionEmbedding, embeddingNorm.gain, embeddingNorm.bias]
      + (typeEmbedding.map { [$0] } ?? [])
  }

  /// Its numbers now, as a checkpoint holds them.
  public var weights: BertWeights {
    BertWeights(
      wordEmbedding: wordEmbedding.matrix,
      positionEmbedding: positionEmbedding.matrix,
      typeEmbedding: typeEmbedding?.matrix,
      embeddingNorm: embeddingNorm.norm,
      layers: layers.map {
        BertLayer(
          query: $0.query.dense,
          key: $0.key.dense,
          value: $0.value.dense,
          output: $0.output.dense,
          attentionNorm: $0.attentionNorm.norm,
          up: $0.up.dense,
          down: $0.down.dense,
          outputNorm: $0.outputNorm.norm
        )
      },
      pooler: pooler.dense,
      classifier: classifier.dense
    )
  }
}

extension BertConfiguration.Activation {
  var curve: Curve {
    switch self {
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .relu: .relu
    }
  }
}

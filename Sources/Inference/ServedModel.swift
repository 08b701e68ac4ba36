public import Models
import Tensors

/// A model with the name that requests use for it.
public struct ServedModel: Sendable {
  /// What requests call it.
  public let name: String
  /// Shape and weights.
  public let checkpoint: Checkpoint
  /// Its tokenizer; one with a `gap` serves tokens only.
  public let tokenizer: Tokenizer
  /// How its weights were asked to be held.
  let weights: WeightChoice
  /// What the fast path reads.
  let packed: Packed

  enum Packed: Sendable {
    case language(LanguageWeights)
    case encoder(EncoderWeights)
  }

  /// Names a model and packs its weights, unless it is an artifact, whose weights are served where they lie.
  ///
  /// - Parameters:
  ///   - name: what requests call it.
  ///   - checkpoint: the opened model.
  ///   - weights: how they are held in memory.
  ///   - threads: share the work of packing; 0 is as many as the process may use.
  /// - Throws: `FormatError` if it brought no tokenizer, or is an artifact that holds its weights otherwise.
  public init(
    name: String,
    checkpoint: Checkpoint,
    weights: WeightChoice = .automatic,
    threads: Int = 1
  ) throws(FormatError) {
    guard let tokenizer = checkpoint.tokenizer else {
      throw FormatError(
        path: checkpoint.path,
        reason: "holds no tokenizer; a Hugging Face directory needs tokenizer.json"
      )
    }
    try Self.check(weights, checkpoint)
    self.name = name
    self.checkpoint = checkpoint
    self.tokenizer = tokenizer
    self.weights = weights
    let workers = Workers(count: threads > 0 ? threads : Workers.available)
    do {
      packed = try Self.packed(checkpoint, as: weights.format, workers)
    } catch {
      throw FormatError(path: checkpoint.path, reason: error.reason)
    }
    if checkpoint.artifact == nil { checkpoint.forgetPages() }
  }

  private static func packed(_ checkpoint: Checkpoint, as format: WeightFormat?, _ workers: Workers)
    throws(FormatError) -> Packed
  {
    switch checkpoint.family {
    case .llama(let configuration, let weights):
      .language(
        try LanguageWeights(
          configuration,
          weights,
          checkpoint.frugal?.tokens,
          format: format,
          workers: workers
        )
      )
    case .bert(let configuration, let weights):
      .encoder(
        try EncoderWeights(
          configuration,
          weights,
          checkpoint.frugal,
          format: format,
          workers: workers
        )
      )
    }
  }

  /// An artifact was packed once; to pack it again from what that left would lose more.
  private static func check(_ weights: WeightChoice, _ checkpoint: Checkpoint) throws(FormatError) {
    guard let artifact = checkpoint.artifact, weights != .automatic,
      weights.rawValue != artifact.weights
    else { return }
    throw FormatError(
      path: checkpoint.path,
      reason: "was imported with the weights \(artifact.weights), not \(weights.rawValue); "
        + "ask for auto, or import the model anew"
    )
  }
}

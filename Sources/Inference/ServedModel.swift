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
  /// What the fast path reads.
  let packed: Packed

  enum Packed: Sendable {
    case language(LanguageWeights)
    case encoder(EncoderWeights)
  }

  /// Names a model and packs its weights.
  ///
  /// - Parameters:
  ///   - name: what requests call it.
  ///   - checkpoint: the opened model.
  ///   - weights: how they are held in memory.
  ///   - threads: share the work of packing; 0 is as many as the process may use.
  /// - Throws: `FormatError` if it brought no tokenizer.
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
    self.name = name
    self.checkpoint = checkpoint
    self.tokenizer = tokenizer
    let workers = Workers(count: threads > 0 ? threads : Workers.available)
    let format = weights.format
    packed =
      switch checkpoint.family {
      case .llama(let configuration, let weights):
        .language(LanguageWeights(configuration, weights, format: format, workers: workers))
      case .bert(let configuration, let weights):
        .encoder(EncoderWeights(configuration, weights, format: format, workers: workers))
      }
  }
}

import Models
import Tensors

/// What loads must also be usable: shapes and ids are promises from there on.
enum ModelUse {
  /// Runs the reference forward over a token or two, and the tokenizer over some text.
  static func run(_ model: Checkpoint) {
    precondition(model.parameters > 0 && model.sha256().utf8.count == 64, "\(model.name)")
    switch model.family {
    case .llama(let configuration, let weights):
      let ends: [Int32] = [0, Int32(configuration.vocabulary - 1)]
      let tokens = Array(ends.prefix(configuration.positionsMax))
      let logits = LlamaReference(configuration: configuration, weights: weights).logits(tokens)
      precondition(logits.shape == [tokens.count, configuration.vocabulary], "\(logits.shape)")
    case .bert(let configuration, let weights):
      let reference = BertReference(configuration: configuration, weights: weights)
      let tokens = [Int32](repeating: 0, count: min(2, configuration.sequenceMax))
      precondition(reference.embed(tokens).count == configuration.width)
      guard !configuration.labels.isEmpty else { break }
      precondition(reference.classify(tokens).count == configuration.labels.count)
    }
    if let tokenizer = model.tokenizer { TokenizerUse.run(tokenizer, TokenizerUse.sample) }
  }

  /// Decodes every tensor that could be a weight.
  static func decode(_ tensors: [StoredTensor]) {
    for tensor in tensors {
      guard let type = tensor.type else { continue }
      let floats = tensor.file.floats(type, at: tensor.offset, count: tensor.count)
      precondition(floats.count == tensor.count, "\(tensor.name): \(floats.count)")
    }
  }

  /// A refusal names the file and the reason, and a place that exists.
  static func check(_ error: FormatError, path: String, count: Int) {
    precondition(error.path.hasPrefix(path) && !error.reason.isEmpty, "\(error)")
    if Target.tells { print(error) }
    precondition(0 ... count ~= error.offset ?? 0, "\(count) bytes: \(error)")
  }
}

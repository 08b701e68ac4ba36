import Models
import Tensors

extension EngineLimits {
  /// Why a model cannot be served within these limits; nil if it can.
  ///
  /// - Parameter model: the model.
  /// - Returns: a sentence with the numbers.
  public func problem(with model: ServedModel) -> String? {
    guard case .llama(let configuration, _) = model.checkpoint.family else { return nil }
    let bytes = KeyValuePages.pageBytes(
      layers: configuration.layers,
      shape: AttentionShape(configuration),
      format: keysAndValues.format
    )
    guard keyValueBytesMax < bytes else { return nil }
    return "\(keyValueBytesMax) bytes hold no page of keys and values of \(model.name), "
      + "which has \(bytes) bytes"
  }
}

extension AttentionShape {
  /// The shape of a Llama's attention.
  init(_ configuration: LlamaConfiguration) {
    self.init(
      heads: configuration.heads,
      groups: configuration.keyValueHeads,
      headWidth: configuration.headWidth
    )
  }
}

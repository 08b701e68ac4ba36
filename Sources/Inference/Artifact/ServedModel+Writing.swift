public import Models
import Tensors

extension ServedModel {
  /// Bytes that `write` will report in the end.
  public var packedByteCount: Int { contents.byteCount }

  /// Writes the model as an artifact: packed as it is served, to be mapped at the next start.
  ///
  /// - Parameters:
  ///   - target: the directory to make; it appears whole or not at all.
  ///   - name: what the model calls itself from then on; nil keeps the name that its source gives.
  ///   - replacing: whether an artifact that is there makes way, in one step.
  ///   - progress: hears how many bytes of the weights are written.
  /// - Returns: what `mete.json` says.
  /// - Throws: `FormatError`; then `target` is as it was.
  public func write(
    to target: String,
    name: String? = nil,
    replacing: Bool = false,
    progress: @escaping (_ bytes: Int) -> Void = { _ in }
  ) throws(FormatError) -> Manifest {
    try ArtifactWriter.write(
      checkpoint,
      contents,
      name: name ?? checkpoint.name,
      weights: weights.rawValue,
      to: target,
      replacing: replacing,
      progress: progress
    )
  }

  private var contents: ArtifactContents {
    switch (checkpoint.family, packed) {
    case (.llama(let configuration, let weights), .language(let packed)):
      return ArtifactContents(
        configuration,
        weights,
        layers: packed.layers.map {
          ($0.queryKeyValue.matrix, $0.output.matrix, $0.neurons.matrix, $0.down.matrix)
        },
        head: packed.head.matrix
      )
    case (.bert(_, let weights), .encoder(let packed)):
      return ArtifactContents(
        weights,
        layers: packed.layers.map {
          ($0.queryKeyValue.matrix, $0.output.matrix, $0.up.matrix, $0.down.matrix)
        },
        pooler: packed.pooler?.matrix,
        classifier: packed.classifier?.matrix
      )
    default: preconditionFailure("\(name) is packed as another kind of model")
    }
  }
}

internal import Models
import Tensors

extension EncoderNetwork<Float> {
  /// Its tensors as files of `transformers` hold them: vectors for biases and norms, matrices for the rest.
  ///
  /// Linear maps that were replaced are among them, as they were; what stands for them is not.
  var tensors: [(entry: SafetensorsWriter.Entry, values: () -> [Float])] {
    let replacing = Set((projections ?? []).flatMap(\.parameters).map(\.name))
    let replaced = projections == nil ? [] : layers.flatMap(\.linearParameters)
    return (parameters.filter { !replacing.contains($0.name) } + replaced).map { parameter in
      let isVector = parameter.rows == 1 && !parameter.name.hasSuffix("_embeddings.weight")
      let shape = isVector ? [parameter.columns] : [parameter.rows, parameter.columns]
      return (entry: SafetensorsWriter.Entry(parameter.name, shape), values: { parameter.values })
    }
  }

  /// What was fitted before, with what stands for its projections.
  ///
  /// - Parameters:
  ///   - checkpoint: a Hugging Face directory of a BERT, opened to learn.
  ///   - labels: names of the classes; nil is those of the model.
  ///   - problem: what the logits mean; nil is what the model says.
  ///   - activation: of the feed-forward neurons; nil keeps the model's.
  ///   - seed: of fresh parts.
  /// - Throws: `FormatError` if it is no such directory, or a file does not fit.
  convenience init(
    _ checkpoint: Checkpoint,
    labels: [String]? = nil,
    problem: BertConfiguration.Problem? = nil,
    activation: BertConfiguration.Activation? = nil,
    seed: UInt64 = 0
  ) throws(FormatError) {
    let (configuration, weights) = try EncoderFolder.base(checkpoint)
    let isReplaced = configuration.family == EncoderFolder.replacedName
    self.init(
      configuration,
      weights,
      labels: labels ?? configuration.labels,
      problem: problem ?? configuration.problem,
      activation: activation,
      projections: isReplaced
        ? try LayerProjections.read(checkpoint.path, configuration) : nil,
      seed: seed
    )
  }

  /// Writes what stands for its projections into a folder that holds `tensors`; nothing where they are themselves.
  ///
  /// - Throws: `FormatError` if the system refuses.
  func fill(_ folder: String) throws(FormatError) {
    if let projections { try LayerProjections.write(projections, to: folder) }
  }
}

internal import Tensors

extension Checkpoint {
  /// Opens an artifact: its shape from the files that its source had, its weights where they lie packed.
  ///
  /// Tensors have the names that GGUF gives to those of all language models, and BERT to those of all
  /// encoders, whatever the source called them.
  static func open(_ artifact: ArtifactFolder, at path: String) throws(FormatError) -> Checkpoint {
    var shelf = try WeightShelf(
      path: "\(path)/\(Manifest.fileName)",
      tensors: artifact.tensors,
      packed: artifact.packed
    )
    let (family, tokenizer) =
      try artifact.manifest.source.format == .gguf
      ? metadata(at: path, &shelf) : settings(at: path, &shelf)
    guard family.name == artifact.manifest.family else {
      throw FormatError(
        path: "\(path)/\(Manifest.fileName)",
        reason: "family is \(artifact.manifest.family), but the model is \(family.name)"
      )
    }
    var frugal: FrugalParts?
    if case .bert(let configuration, _) = family {
      frugal = try FrugalParts(in: path, configuration)
    }
    return Checkpoint(
      name: artifact.manifest.name,
      path: path,
      format: .safetensors,
      family: family,
      tokenizer: tokenizer,
      parameters: artifact.manifest.parameters,
      frugal: frugal,
      artifact: artifact.manifest,
      files: WeightFiles(files: [artifact.weights.file])
    )
  }

  /// What came from a GGUF file.
  private static func metadata(at path: String, _ shelf: inout WeightShelf)
    throws(FormatError) -> (Family, Tokenizer?)
  {
    let gguf = try GGUF(path: "\(path)/\(Manifest.metadataName)")
    let family = try decoderFamily(of: gguf)
    let configuration = try family.configuration(gguf, &shelf)
    try shelf.check(DecoderNames.gguf.requirements(configuration))
    let tokenizer = try tokenizer(of: gguf, vocabulary: configuration.vocabulary)
    let weights = LlamaWeights(shelf, names: .gguf, configuration: configuration)
    return (.llama(configuration, weights), tokenizer)
  }

  /// What came from a Hugging Face directory.
  private static func settings(at path: String, _ shelf: inout WeightShelf)
    throws(FormatError) -> (Family, Tokenizer?)
  {
    let settings = try ConfigurationFile(path: "\(path)/config.json")
    let kind = try settings.required("model_type")
    if let family = decoderFamilies.first(where: { $0.name == kind }) {
      try settings.checkArchitecture(family.classes)
      let configuration = try family.configuration(settings)
      try shelf.check(DecoderNames.gguf.requirements(configuration))
      let tokenizer = try tokenizer(
        directory: path,
        endsIn: settings,
        vocabulary: configuration.vocabulary
      )
      let weights = LlamaWeights(shelf, names: .gguf, configuration: configuration)
      return (.llama(configuration, weights), tokenizer)
    }
    guard let family = encoderFamilies.first(where: { $0.name == kind }) else {
      throw settings.blame("the model type \(kind) is not read", key: "model_type")
    }
    try settings.checkArchitecture(family.classes)
    let names = EncoderNames.artifact
    // The family's own names still say which positions it skips, and so how many it has.
    let configuration = try family.configuration(
      settings,
      recipe: try PoolingRecipe(directory: path),
      names: try family.names(settings, shelf),
      heads: names.heads(in: shelf)
    )
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(directory: path, vocabulary: configuration.vocabulary)
    let weights = BertWeights(shelf, names: names, configuration: configuration)
    return (.bert(configuration, weights), tokenizer)
  }
}

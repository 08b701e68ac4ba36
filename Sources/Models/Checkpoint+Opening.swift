extension Checkpoint {
  static func openGGUF(_ gguf: GGUF) throws(FormatError) -> Checkpoint {
    let architecture = try gguf.text("general.architecture") ?? "unnamed"
    guard architecture == "llama" else {
      throw FormatError(
        path: gguf.path,
        reason: "the architecture \(architecture) is not read; known is llama"
      )
    }
    var shelf = try WeightShelf(path: gguf.path, tensors: gguf.tensors)
    let factors = try shelf.removeVector("rope_freqs.weight", countMax: ModelLimits.widthMax)
    let names = LlamaNames.gguf
    let configuration = try LlamaConfiguration(
      gguf,
      tiedHead: !shelf.contains(names.head),
      ropeFactors: factors
    )
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(of: gguf, vocabulary: configuration.vocabulary)
    let weights = LlamaWeights(
      shelf,
      names: names,
      configuration: configuration,
      interleaved: true
    )
    return Checkpoint(
      name: try gguf.text("general.name") ?? lastPart(gguf.path),
      path: gguf.path,
      format: .gguf,
      family: .llama(configuration, weights),
      tokenizer: tokenizer,
      parameters: shelf.parameters,
      files: WeightFiles(files: [gguf.file])
    )
  }

  static func openDirectory(_ path: String) throws(FormatError) -> Checkpoint {
    let settings = try ConfigurationFile(path: "\(path)/config.json")
    let kind = try settings.text("model_type") ?? "unnamed"
    switch kind {
    case "llama": return try openLlama(path, settings)
    case "bert": return try openBert(path, settings)
    default:
      throw settings.blame("the model type \(kind) is not read; known are bert, llama")
    }
  }

  private static func openLlama(_ path: String, _ settings: ConfigurationFile)
    throws(FormatError) -> Checkpoint
  {
    let configuration = try LlamaConfiguration(settings)
    let folder = try SafetensorsFolder(directory: path)
    var shelf = try WeightShelf(path: path, tensors: folder.tensors)
    let prefix = shelf.contains("model.embed_tokens.weight") ? "model." : ""
    let names = LlamaNames.huggingFace(prefix: prefix)
    shelf.ignore { $0.hasSuffix(".rotary_emb.inv_freq") }
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(
      directory: path,
      settings: settings,
      vocabulary: configuration.vocabulary
    )
    let weights = LlamaWeights(
      shelf,
      names: names,
      configuration: configuration,
      interleaved: false
    )
    return Checkpoint(
      name: lastPart(path),
      path: path,
      format: .safetensors,
      family: .llama(configuration, weights),
      tokenizer: tokenizer,
      parameters: shelf.parameters,
      files: folder.weightFiles
    )
  }

  private static func openBert(_ path: String, _ settings: ConfigurationFile)
    throws(FormatError) -> Checkpoint
  {
    let recipe = try PoolingRecipe(directory: path)
    let folder = try SafetensorsFolder(directory: path)
    var shelf = try WeightShelf(path: path, tensors: folder.tensors)
    let names = BertNames(shelf)
    let configuration = try BertConfiguration(
      settings,
      recipe: recipe,
      hasPooler: shelf.contains("\(names.pooler).weight"),
      hasClassifier: shelf.contains("\(names.classifier).weight")
    )
    shelf.ignore(where: names.isBuffer)
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(
      directory: path,
      settings: settings,
      vocabulary: configuration.vocabulary
    )
    let weights = BertWeights(shelf, names: names, configuration: configuration)
    return Checkpoint(
      name: lastPart(path),
      path: path,
      format: .safetensors,
      family: .bert(configuration, weights),
      tokenizer: tokenizer,
      parameters: shelf.parameters,
      files: folder.weightFiles
    )
  }

  private static func lastPart(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

extension Checkpoint {
  static func openGGUF(_ gguf: GGUF) throws(FormatError) -> Checkpoint {
    let family = try decoderFamily(of: gguf)
    var shelf = try WeightShelf(path: gguf.path, tensors: gguf.tensors)
    let configuration = try family.configuration(gguf, &shelf)
    let names = family.ggufNames
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(of: gguf, vocabulary: configuration.vocabulary)
    let weights = LlamaWeights(shelf, names: names, configuration: configuration)
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

  /// The family that a GGUF file names.
  static func decoderFamily(of gguf: GGUF) throws(FormatError) -> any DecoderFamily.Type {
    let key = "general.architecture"
    let known = decoderFamilies.map { $0.name }.joined(separator: ", ")
    guard let architecture = try gguf.text(key) else {
      throw gguf.blame("\(key) is missing; known are \(known)")
    }
    guard let family = decoderFamilies.first(where: { $0.name == architecture }) else {
      throw gguf.blame(
        "the architecture \(architecture) is not read; known are \(known)",
        key: key
      )
    }
    return family
  }

  static func openDirectory(_ path: String, toLearn: Bool) throws(FormatError) -> Checkpoint {
    let settings = try ConfigurationFile(path: "\(path)/config.json")
    let kind = try settings.required("model_type")
    if let family = decoderFamilies.first(where: { $0.name == kind }) {
      return try open(path, settings, as: family)
    }
    if let family = encoderFamilies.first(where: { $0.name == kind }) {
      return try open(path, settings, as: family)
    }
    if let family = learningFamilies.first(where: { $0.name == kind }) {
      guard toLearn else {
        throw settings.blame(
          "the model type \(kind) is not served; only learning reads it",
          key: "model_type"
        )
      }
      return try open(path, settings, as: family)
    }
    let known = decoderFamilies.map { $0.name } + encoderFamilies.map { $0.name }
    throw settings.blame(
      "the model type \(kind) is not read; known are \(known.sorted().joined(separator: ", "))",
      key: "model_type"
    )
  }

  private static func open(
    _ path: String,
    _ settings: ConfigurationFile,
    as family: any DecoderFamily.Type
  ) throws(FormatError) -> Checkpoint {
    try settings.checkArchitecture(family.classes)
    let configuration = try family.configuration(settings)
    let folder = try SafetensorsFolder(directory: path)
    var shelf = try WeightShelf(path: folder.listing, tensors: folder.tensors)
    let names = family.names(shelf)
    shelf.ignore(where: family.isBuffer)
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(
      directory: path,
      endsIn: settings,
      vocabulary: configuration.vocabulary
    )
    let weights = LlamaWeights(shelf, names: names, configuration: configuration)
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

  private static func open(
    _ path: String,
    _ settings: ConfigurationFile,
    as family: any EncoderFamily.Type
  ) throws(FormatError) -> Checkpoint {
    try settings.checkArchitecture(family.classes)
    let recipe = try PoolingRecipe(directory: path)
    let folder = try SafetensorsFolder(directory: path)
    var shelf = try WeightShelf(path: folder.listing, tensors: folder.tensors)
    let names = try family.names(settings, shelf)
    let configuration = try family.configuration(
      settings,
      recipe: recipe,
      names: names,
      heads: names.heads(in: shelf)
    )
    shelf.ignore(where: names.isIdle)
    try shelf.check(names.requirements(configuration))
    let tokenizer = try tokenizer(directory: path, vocabulary: configuration.vocabulary)
    let weights = BertWeights(shelf, names: names, configuration: configuration)
    return Checkpoint(
      name: lastPart(path),
      path: path,
      format: .safetensors,
      family: .bert(configuration, weights),
      tokenizer: tokenizer,
      parameters: shelf.parameters,
      frugal: try FrugalParts(in: path, configuration),
      files: folder.weightFiles
    )
  }

  private static func lastPart(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

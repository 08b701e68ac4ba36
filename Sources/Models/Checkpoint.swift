/// An opened model: what it is called, where it came from, its shape and its weights.
public struct Checkpoint: Sendable {
  /// The kinds of file that are read.
  public enum Format: String, Sendable {
    /// One GGUF version 3 file.
    case gguf
    /// A Hugging Face directory.
    case safetensors
  }

  /// What the file calls itself, or the last part of its path.
  public let name: String
  /// As the user named it.
  public let path: String
  /// What kind of file it came from.
  public let format: Format
  /// Kind, shape and weights.
  public let family: Family
  /// Turns text into tokens and back; nil where the checkpoint holds no tokenizer.
  ///
  /// One of a kind that we do not know has a `gap`, and then the model serves tokens only.
  public let tokenizer: Tokenizer?
  /// Weights, each counted once.
  public let parameters: Int
  /// What was learned beside the weights, so that the model spends less; nil for most.
  public var frugal: FrugalParts?
  /// What `mete.json` says, where it is an artifact: weights are packed already then.
  public var artifact: Manifest?
  /// The files that hold the weights, in order of their names.
  let files: WeightFiles

  /// The SHA-256 of the file of weights as its artifact records it; "" where nothing does.
  public var recordedSHA256: String { artifact?.weightsSHA256 ?? "" }

  /// The SHA-256 of the weight files, one after the other, as 64 hexadecimal digits.
  ///
  /// Reads every byte of them: seconds for a large model, so ask once and keep the answer.
  public func sha256() -> String { files.sha256() }

  /// Gives back the memory that reading the weight files took, once their weights were packed; what is still read from
  /// them, such as rows of an embedding, comes back page by page.
  public func forgetPages() { files.forgetPages() }

  /// Opens a `.gguf` file, a Hugging Face directory, or an artifact that `mete import` wrote.
  ///
  /// Everything is checked before memory is spent on weights: format, architecture, settings, and
  /// the name, shape and place of every tensor.
  ///
  /// - Parameters:
  ///   - path: the file or directory.
  ///   - toLearn: whether what only learning can run is opened as well.
  /// - Returns: the model, its weights decoded to float32 (float32 weights stay mapped).
  /// - Throws: `FormatError` that names the file, the place and the reason.
  public static func open(path: String, toLearn: Bool = false) throws(FormatError) -> Checkpoint {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    guard let file = try mappedUnlessDirectory(path) else {
      if let artifact = try ArtifactFolder(directory: path) {
        return try open(artifact, at: path)
      }
      return try openDirectory(path, toLearn: toLearn)
    }
    return try openGGUF(try GGUF(path: path, file: file))
  }

  /// Opens a language model with exits that were taught on it.
  ///
  /// - Parameters:
  ///   - path: the model, as for `open`.
  ///   - heads: the folder that `mete heads` wrote; nil opens the model alone.
  /// - Returns: the model, which classifies streams.
  /// - Throws: `FormatError` as `open`, and if the exits belong to another model.
  public static func open(path: String, heads: String?) throws(FormatError) -> Checkpoint {
    var checkpoint = try open(path: path)
    guard let heads else { return checkpoint }
    guard case .llama(let configuration, _) = checkpoint.family else {
      throw FormatError(path: heads, reason: "goes with a language model; \(path) is an encoder")
    }
    let exits = try TokenExits(folder: heads)
    // An artifact says what it was made of; anything else is read through.
    let sha256 = checkpoint.artifact?.source.sha256 ?? checkpoint.sha256()
    try exits.check(configuration, sha256: sha256, path: heads)
    checkpoint.frugal = FrugalParts(tokens: exits)
    return checkpoint
  }
}

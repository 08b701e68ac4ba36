internal import Foundation
internal import Tensors

/// Writes an encoder with a classification head as a Hugging Face directory, which `transformers` opens as well.
public enum EncoderFolder {
  /// Marks a directory that was written here, and that may therefore be replaced.
  public static let reportName = "fit.json"
  /// The `model_type` of a BERT whose attention projections were replaced: nobody else may take it for one that is whole.
  public static let replacedName = "mete_bert"

  /// Whether `source` can be the base of such a directory.
  ///
  /// - Returns: its shape and weights.
  /// - Throws: `FormatError` if it is no encoder, or no Hugging Face directory in BERT's own layout.
  public static func base(_ source: Checkpoint) throws(FormatError) -> (
    BertConfiguration, BertWeights
  ) {
    guard case .bert(let configuration, let weights) = source.family else {
      throw FormatError(
        path: source.path,
        reason: "is a \(source.family.name); an encoder is needed"
      )
    }
    guard source.format == .safetensors, source.artifact == nil,
      ["bert", replacedName].contains(configuration.family)
    else {
      throw FormatError(
        path: source.path,
        reason:
          "cannot be taught: that needs a Hugging Face directory of a BERT, as it was published"
      )
    }
    return (configuration, weights)
  }

  /// Writes the directory beside its place, and moves it there when all of it is on the disk.
  ///
  /// - Parameters:
  ///   - target: the directory to make.
  ///   - source: whose tokenizer and configuration are taken over.
  ///   - configuration: labels, and what they mean.
  ///   - tensors: names, shapes and values, row after row, in order.
  ///   - report: what `fit.json` says.
  ///   - attachments: files beside it, by plain names: what makes the model frugal, and what shows it to people.
  ///   - fills: writes what is larger into the folder, which it is given.
  ///   - replacing: whether a directory with a `fit.json` makes way; anything else never does.
  /// - Throws: `FormatError`; then nothing has changed.
  public static func write(
    to target: String,
    source: Checkpoint,
    _ configuration: BertConfiguration,
    tensors: [(entry: SafetensorsWriter.Entry, values: () -> [Float])],
    report: JSON,
    attachments: [(name: String, bytes: [UInt8])] = [],
    fills: (_ folder: String) throws(FormatError) -> Void = { _ throws(FormatError) in },
    replacing: Bool
  ) throws(FormatError) {
    let isThere = FileManager.default.fileExists(atPath: target)
    if isThere { try check(target, replacing: replacing) }
    let own = try ConfigurationFile(path: "\(source.path)/config.json")
    let folder = try blaming { () throws(TensorsError) in try NewFolder(target: target) }
    // After an exchange this is what was there; after a failure what was begun.
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let writer = try SafetensorsWriter(
      path: "\(folder.path)/model.safetensors",
      entries: tensors.map(\.entry),
      metadata: [("format", "pt")]
    )
    for tensor in tensors { try writer.add(tensor.values()) }
    try writer.finish()
    try write(own.json.classifying(configuration), "config.json", in: folder)
    for name in ["tokenizer.json", "tokenizer_config.json"] {
      let limit = Checkpoint.tokenizerBytesMax
      guard let bytes = try readIfPresent("\(source.path)/\(name)", limit: limit) else { continue }
      try write(bytes, name, in: folder)
    }
    for (name, bytes) in attachments { try write(bytes, name, in: folder) }
    try fills(folder.path)
    try write(report, reportName, in: folder)
    // What cannot be read back is not published.
    _ = try Checkpoint.open(path: folder.path, toLearn: true)
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }

  /// A small file of a directory that was written here; nil if it is not there.
  ///
  /// - Throws: `FormatError` if it is too large or cannot be read.
  public static func attachment(_ path: String) throws(FormatError) -> [UInt8]? {
    try readIfPresent(path, limit: 64 << 20)
  }

  /// Whether a directory that is there may be replaced.
  ///
  /// - Throws: `FormatError` if not.
  public static func check(_ target: String, replacing: Bool) throws(FormatError) {
    guard FileManager.default.fileExists(atPath: target) else { return }
    guard replacing else {
      throw FormatError(path: target, reason: "is there already; --force replaces a fitted model")
    }
    guard FileManager.default.fileExists(atPath: "\(target)/\(reportName)") else {
      throw FormatError(path: target, reason: "is no fitted model, and only one would be replaced")
    }
  }

  private static func write(_ json: JSON, _ name: String, in folder: NewFolder) throws(FormatError)
  {
    try write(json.text(depth: 0) + [0x0A], name, in: folder)
  }

  private static func write(_ bytes: [UInt8], _ name: String, in folder: NewFolder)
    throws(FormatError)
  {
    let file = try HashedFile(path: "\(folder.path)/\(name)")
    try file.write(bytes.span)
    _ = try file.finish(name)
  }
}

extension BertConfiguration.Activation {
  /// What `transformers` calls it.
  fileprivate var publishedName: String {
    switch self {
    case .gelu: "gelu"
    case .geluTanh: "gelu_pytorch_tanh"
    case .relu: "relu"
    }
  }
}

extension JSON {
  /// A `config.json` for the classification head of `configuration`.
  fileprivate func classifying(_ configuration: BertConfiguration) -> JSON {
    let labels = configuration.labels
    let changes: [Member] = [
      .init("model_type", .string(Array(configuration.family.utf8))),
      .init("architectures", .array([.string(Array("BertForSequenceClassification".utf8))])),
      .init("id2label", .object(labels.enumerated().map { .init("\($0)", $1) })),
      .init("label2id", .object(labels.enumerated().map { .init($1, .integer($0)) })),
      .init("num_labels", .integer(labels.count)),
      .init("problem_type", configuration.problem.rawValue),
      .init("hidden_act", configuration.activation.publishedName),
    ]
    let changed = Set(changes.map(\.key))
    return .object((members ?? []).filter { !changed.contains($0.key) } + changes)
  }
}

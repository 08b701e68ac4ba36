internal import Foundation
internal import Tensors

/// Writes an encoder with a classification head as a Hugging Face directory, which `transformers` opens as well.
public enum EncoderFolder {
  /// What tells it from other directories.
  public static let kind = KindOfFolder(marker: reportName, name: "a fitted model")
  /// What the run came to.
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
    let own = try ConfigurationFile(path: "\(source.path)/config.json")
    try kind.write(to: target, replacing: replacing) { folder throws(FormatError) in
      let writer = try SafetensorsWriter(
        path: "\(folder)/model.safetensors",
        entries: tensors.map(\.entry),
        metadata: [("format", "pt")]
      )
      for tensor in tensors { try writer.add(tensor.values()) }
      try writer.finish()
      try write(own.json.classifying(configuration), "config.json", in: folder)
      for name in ["tokenizer.json", "tokenizer_config.json"] {
        let limit = Checkpoint.tokenizerBytesMax
        guard let bytes = try readIfPresent("\(source.path)/\(name)", limit: limit) else {
          continue
        }
        try KindOfFolder.write(bytes, to: "\(folder)/\(name)")
      }
      for (name, bytes) in attachments {
        try KindOfFolder.write(bytes, to: "\(folder)/\(name)")
      }
      try fills(folder)
      try write(report, reportName, in: folder)
      // What cannot be read back is not published.
      _ = try Checkpoint.open(path: folder, toLearn: true)
    }
  }

  /// A small file of a directory that was written here; nil if it is not there.
  ///
  /// - Throws: `FormatError` if it is too large or cannot be read.
  public static func attachment(_ path: String) throws(FormatError) -> [UInt8]? {
    try readIfPresent(path, limit: 64 << 20)
  }

  private static func write(_ json: JSON, _ name: String, in folder: String) throws(FormatError) {
    try KindOfFolder.write(json.text(depth: 0) + [0x0A], to: "\(folder)/\(name)")
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

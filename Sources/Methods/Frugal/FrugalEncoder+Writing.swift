internal import Models
import Tensors

extension FrugalEncoder {
  /// Writes the directory beside its place, and moves it there whole.
  ///
  /// - Parameters:
  ///   - target: the directory to make.
  ///   - source: whose tokenizer and configuration are taken over.
  ///   - result: what the pass measured, and the name of its file.
  ///   - pages: what shows it to people, by plain names.
  ///   - replacing: whether a fitted model that is there makes way.
  /// - Throws: `FormatError`; then nothing has changed.
  func write(
    to target: String,
    _ source: Checkpoint,
    result: (name: String, json: JSON),
    pages: [(name: String, bytes: [UInt8])] = [],
    replacing: Bool
  ) throws(FormatError) {
    let own = parameters
    func fill(_ folder: String) throws(FormatError) {
      try network.fill(folder)
      let writer = try SafetensorsWriter(
        path: "\(folder)/\(Self.tensorsIn)",
        entries: own.map { .init($0.name, [$0.rows, $0.columns]) },
        metadata: []
      )
      for parameter in own { try writer.add(parameter.values) }
      try writer.finish()
      // What cannot be read back is not published.
      let labels = LabelTable(ordered: network.configuration.labels)
      _ = try FrugalEncoder(try Checkpoint.open(path: folder, toLearn: true), labels: labels)
    }
    let before = try EncoderFolder.attachment("\(source.path)/\(EncoderFolder.reportName)")
    let report =
      try before.map { (bytes) throws(FormatError) in
        try JSON(parsing: bytes, path: "\(source.path)/\(EncoderFolder.reportName)")
      } ?? .object([])
    try EncoderFolder.write(
      to: target,
      source: source,
      network.configuration,
      tensors: network.tensors,
      report: report,
      attachments: [
        (name: Self.describedIn, bytes: json.text(depth: 0) + [0x0A]),
        (name: result.name, bytes: result.json.text(depth: 0) + [0x0A]),
      ] + pages,
      fills: fill,
      replacing: replacing
    )
  }
}

extension FrugalEncoder {
  /// An encoder from its parts.
  init(network: EncoderNetwork<Float>, experts: ExpertLayers? = nil, exits: ExitStack? = nil) {
    (self.network, self.experts, self.exits) = (network, experts, exits)
  }
}

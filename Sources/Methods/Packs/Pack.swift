internal import Foundation
public import Models
import Tensors

/// What a fitted encoder has that its base has not, in one small file: matrices as bytes with a scale a row, the rest as it is.
///
/// The base's own tensors that learning left alone, such as frozen embeddings, are not in it.
public enum Pack {
  /// Bytes of a pack at most: what a repository can carry.
  ///
  /// Reports stay out where there is no room for them.
  public static let bytesMax = 12_000_000
  private static let version = "1"
  private static let files = [EncoderFolder.reportName, "experts.json", "exits.json"]

  /// Packs a directory that `mete fit`, `mete experts` or `mete exits` wrote.
  ///
  /// - Parameters:
  ///   - model: the directory.
  ///   - base: the Hugging Face directory that it was fitted from.
  ///   - target: the file to make; there must be none.
  ///   - leavesEmbeddings: whether what embeddings learned is left out, and the base's stand for them: they move little,
  ///     and are most of a small model. Accuracies are then to be measured of what is unpacked.
  ///   - most: bytes that the file may have.
  /// - Returns: bytes of the file.
  /// - Throws: `FormatError` if the two do not belong together, the pack would be too large, or it cannot be written; then
  ///   nothing half-written is left.
  public static func write(
    _ model: String,
    base: String,
    to target: String,
    leavesEmbeddings: Bool = false,
    most: Int = bytesMax
  ) throws(FormatError) -> Int {
    try WholeFile.checkFree(target)
    let (source, origin) = (try Checkpoint.open(path: model), try Checkpoint.open(path: base))
    let (configuration, _) = try EncoderFolder.base(source)
    let encoder = try FrugalEncoder(source, labels: LabelTable(ordered: configuration.labels))
    let before = try network(of: origin, like: configuration)
    let known = Dictionary(before.parameters.map { ($0.name, $0.values) }) { first, _ in first }
    let left = leavesEmbeddings ? Set(encoder.network.embeddings.map(\.name)) : []
    let changed =
      encoder.network.parameters.filter {
        known[$0.name] != $0.values && !left.contains($0.name)
      } + encoder.parameters
    var entries: [SafetensorsWriter.Entry] = []
    for parameter in changed where isRounded(parameter) {
      entries.append(.init(parameter.name, [parameter.rows, parameter.columns], isBytes: true))
      entries.append(.init("\(parameter.name).scales", [parameter.rows]))
    }
    for parameter in changed where !isRounded(parameter) {
      entries.append(.init(parameter.name, [parameter.rows, parameter.columns]))
    }
    let size = entries.reduce(0) { $0 + $1.shape.reduce(1, *) * ($1.isBytes ? 1 : 4) }
    let head = entries.reduce(1_024) { $0 + $1.name.utf8.count + headBytes }
    guard size + head <= most else {
      throw FormatError(
        path: model,
        reason:
          "differs from its base by \(size) bytes, over \(most); fit it with --freeze-embeddings, "
          + "or pack it with --leave-embeddings"
      )
    }
    let notes = try notes(source, origin, configuration, encoder, room: most - size - head)
    try WholeFile.write(to: target) { path throws(FormatError) in
      let writer = try SafetensorsWriter(path: path, entries: entries, metadata: notes)
      for parameter in changed where isRounded(parameter) {
        let rounded = RoundedMatrix(parameter.values, columns: parameter.columns)
        try writer.add(bytes: rounded.bytes)
        try writer.add(rounded.scales)
      }
      for parameter in changed where !isRounded(parameter) { try writer.add(parameter.values) }
      try writer.finish()
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: target)
    return attributes?[.size] as? Int ?? size
  }

  private static func isRounded(_ parameter: Parameter<Float>) -> Bool {
    parameter.rows > 1 && parameter.columns > 8
  }

  /// The base with a fresh classifier for the labels of `configuration`.
  private static func network(
    of base: Checkpoint,
    like configuration: BertConfiguration
  ) throws(FormatError) -> EncoderNetwork<Float> {
    let (own, weights) = try EncoderFolder.base(base)
    guard own.width == configuration.width, own.layers == configuration.layers,
      own.ffnWidth == configuration.ffnWidth, own.vocabulary == configuration.vocabulary
    else {
      throw FormatError(
        path: base.path,
        reason: "has another shape than what was fitted; give the model that it was fitted from"
      )
    }
    return EncoderNetwork<Float>(
      own,
      weights,
      labels: configuration.labels,
      problem: configuration.problem,
      activation: configuration.activation,
      seed: 0
    )
  }

  private static func notes(
    _ source: Checkpoint,
    _ origin: Checkpoint,
    _ configuration: BertConfiguration,
    _ encoder: FrugalEncoder,
    room: Int
  ) throws(FormatError) -> [(name: String, value: String)] {
    func text(_ json: JSON) -> String { String(decoding: json.text(depth: 0), as: UTF8.self) }
    var notes = [
      ("pack", version), ("base_sha256", origin.sha256()),
      ("labels", text(.array(configuration.labels.map { .string(Array($0.utf8)) }))),
      ("problem", configuration.problem.rawValue),
      ("activation", configuration.activation.rawValue),
      (FrugalEncoder.describedIn, text(encoder.json)),
    ]
    for name in files {
      guard let bytes = try EncoderFolder.attachment("\(source.path)/\(name)") else { continue }
      let taken = notes.reduce(0) { $0 + written($1.1) }
      let text = String(decoding: bytes, as: UTF8.self)
      if taken + written(text) <= room { notes.append((name, text)) }
    }
    return notes
  }

  /// Bytes of a pack that say of a tensor, beside its name, what it is and where it lies, at most.
  private static let headBytes = 80

  /// Bytes of a note as a pack holds it.
  private static func written(_ text: String) -> Int {
    JSON.string(Array(text.utf8)).text(depth: 0).count
  }

  /// Unpacks: writes the directory that was packed, but for what rounding changed.
  ///
  /// - Parameters:
  ///   - path: a pack.
  ///   - base: the Hugging Face directory that the model was fitted from; its hash is compared.
  ///   - target: the directory to make.
  ///   - replacing: whether a fitted model that is there makes way.
  /// - Throws: `FormatError` if the pack is of another base, or damaged, or the directory cannot be written.
  public static func expand(
    _ path: String,
    base: String,
    to target: String,
    replacing: Bool
  ) throws(FormatError) {
    try EncoderFolder.kind.isReplaceable(target, replacing: replacing)
    let file = try Safetensors(path: path)
    let origin = try Checkpoint.open(path: base)
    func note(_ name: String) throws(FormatError) -> String {
      guard let text = file.metadata[name] else {
        throw FormatError(path: path, reason: "is no pack: it has no \(name)")
      }
      return text
    }
    guard try note("pack") == version else {
      throw FormatError(
        path: path,
        reason: "is a pack of version \(try note("pack")); this program reads \(version)"
      )
    }
    guard try note("base_sha256") == origin.sha256() else {
      throw FormatError(
        path: path,
        reason: "belongs to another model than \(base); give the one that was fitted"
      )
    }
    var (configuration, _) = try EncoderFolder.base(origin)
    let labels =
      try JSON(parsing: Array(try note("labels").utf8), path: path).items?.compactMap(\.text) ?? []
    guard !labels.isEmpty, let problem = BertConfiguration.Problem(rawValue: try note("problem")),
      let activation = BertConfiguration.Activation(rawValue: try note("activation"))
    else {
      throw FormatError(path: path, reason: "has no labels, problem or activation that are known")
    }
    (configuration.labels, configuration.problem, configuration.activation) = (
      labels, problem, activation
    )
    let network = try network(of: origin, like: configuration)
    let shelf = try PackShelf(file)
    for parameter in network.parameters {
      if let values = try shelf.values(parameter.name, parameter.rows, parameter.columns) {
        parameter.values = values
      }
    }
    var attachments = [
      (name: FrugalEncoder.describedIn, bytes: Array(try note(FrugalEncoder.describedIn).utf8))
    ]
    for name in files where name != EncoderFolder.reportName {
      if let text = file.metadata[name] { attachments.append((name, Array(text.utf8))) }
    }
    let own = Set(network.parameters.map(\.name))
    let rest = shelf.names.filter { !own.contains($0) }
    func fill(_ folder: String) throws(FormatError) {
      let shapes = try rest.map { (name) throws(FormatError) in try shelf.shape(name) }
      let writer = try SafetensorsWriter(
        path: "\(folder)/\(FrugalEncoder.tensorsIn)",
        entries: zip(rest, shapes).map { .init($0, [$1.rows, $1.columns]) }
      )
      for (name, shape) in zip(rest, shapes) {
        try writer.add(try shelf.values(name, shape.rows, shape.columns) ?? [])
      }
      try writer.finish()
      let table = LabelTable(ordered: labels)
      _ = try FrugalEncoder(try Checkpoint.open(path: folder), labels: table)
    }
    try EncoderFolder.write(
      to: target,
      source: origin,
      network.configuration,
      tensors: network.tensors,
      report: try JSON(
        parsing: Array((file.metadata[EncoderFolder.reportName] ?? "{}").utf8),
        path: path
      ),
      attachments: attachments,
      fills: fill,
      replacing: replacing
    )
  }
}

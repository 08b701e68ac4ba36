internal import Models
import Tensors

/// An encoder with what makes it frugal: experts and routers, exits, and what each level of effort buys.
struct FrugalEncoder: Sendable {
  /// Written beside a model's own files.
  static let describedIn = "frugal.json"
  /// Routers, heads and ensembles.
  static let tensorsIn = "frugal.safetensors"

  let network: EncoderNetwork<Float>
  var experts: ExpertLayers?
  var exits: ExitStack?
  var effort: EffortCurve?

  /// Reads a directory that was fitted; without `frugal.json` it has neither experts nor exits.
  ///
  /// - Parameters:
  ///   - checkpoint: the directory, opened.
  ///   - labels: of the data; the model must tell apart the same ones, in the same order.
  /// - Throws: `FormatError` if it was not fitted to these labels, or a file does not fit.
  init(_ checkpoint: Checkpoint, labels: LabelTable) throws(FormatError) {
    let (configuration, weights) = try EncoderFolder.base(checkpoint)
    guard configuration.labels == labels.names, weights.classifier != nil else {
      throw FormatError(
        path: checkpoint.path,
        reason:
          "tells \(configuration.labels) apart, the data \(labels.names); fit the model to this data first"
      )
    }
    network = try EncoderNetwork<Float>(checkpoint)
    let path = "\(checkpoint.path)/\(Self.describedIn)"
    guard let bytes = try EncoderFolder.attachment(path) else { return }
    let description = try JSON(parsing: bytes, path: path)
    if let own = description["experts"] {
      let shelf = try TensorShelf(path: "\(checkpoint.path)/\(Self.tensorsIn)")
      experts = try ExpertLayers(own, shelf, network, path: path)
    }
    if let own = description["effort"] { effort = try EffortCurve(own, path: path) }
    exits = try FrugalParts.exits(in: checkpoint.path, configuration).map { ExitStack($0) }
  }

  /// Everything that lies in `frugal.safetensors`.
  var parameters: [Parameter<Float>] {
    (experts?.routers ?? []).flatMap { [$0.inner, $0.outer] } + (exits?.parameters ?? [])
  }

  /// What `frugal.json` says.
  var json: JSON {
    var members: [JSON.Member] = [.init("version", .integer(1))]
    if let experts { members.append(.init("experts", experts.json)) }
    if let exits { members.append(.init("exits", exits.json)) }
    if let effort { members.append(.init("effort", effort.json)) }
    return .object(members)
  }
}

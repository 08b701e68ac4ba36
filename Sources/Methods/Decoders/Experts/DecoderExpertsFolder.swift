public import Models
import Tensors

/// The folder that experts of a language model lie in, beside the model that stays as it is.
public enum DecoderExpertsFolder {
  /// What tells it from other folders.
  public static let kind = KindOfFolder(marker: "experts.json", name: "a folder of experts")

  /// Writes the folder beside its place, and moves it there when all of it is on the disk.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - experts: size and routers.
  ///   - orders: for every layer its neurons in the order of experts.
  ///   - modelSHA256: of the model that they belong to.
  ///   - result: what `experts.json` says.
  ///   - page: what `report.html` says.
  ///   - replacing: whether such a folder makes way.
  /// - Throws: `FormatError`; then nothing has changed.
  static func write(
    to target: String,
    _ experts: ExpertLayers,
    orders: [[Int]],
    modelSHA256: String,
    result: JSON,
    page: String,
    replacing: Bool
  ) throws(FormatError) {
    let parameters = experts.routers.flatMap { [$0.inner, $0.outer] }
    let description = JSON.object([
      .init("version", .integer(1)), .init("model_sha256", .string(Array(modelSHA256.utf8))),
      .init("experts", experts.json),
      .init("orders", .array(orders.map { .array($0.map { .integer($0) }) })),
    ])
    try kind.write(to: target, replacing: replacing) { folder throws(FormatError) in
      let writer = try SafetensorsWriter(
        path: "\(folder)/\(FrugalEncoder.tensorsIn)",
        entries: parameters.map { .init($0.name, [$0.rows, $0.columns]) },
        metadata: [("model_sha256", modelSHA256)]
      )
      for parameter in parameters { try writer.add(parameter.values) }
      try writer.finish()
      for (name, bytes) in [
        (FrugalEncoder.describedIn, description.text(depth: 0)),
        (kind.marker, result.text(depth: 0)), ("report.html", Array(page.utf8)),
      ] { try KindOfFolder.write(bytes + [0x0A], to: "\(folder)/\(name)") }
    }
  }
}

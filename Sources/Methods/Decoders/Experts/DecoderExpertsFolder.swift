internal import Foundation
public import Models
import Tensors

/// The folder that experts of a language model lie in, beside the model that stays as it is.
public enum DecoderExpertsFolder {
  /// Whether a folder may be made, or the one that is there replaced.
  ///
  /// - Parameters:
  ///   - target: the folder.
  ///   - replacing: whether one that was written here makes way.
  /// - Throws: `FormatError` if not.
  public static func check(_ target: String, replacing: Bool) throws(FormatError) {
    guard FileManager.default.fileExists(atPath: target) else { return }
    guard replacing else {
      throw FormatError(path: target, reason: "is there already; --force replaces experts")
    }
    guard FileManager.default.fileExists(atPath: "\(target)/experts.json") else {
      throw FormatError(path: target, reason: "holds no experts, and only those are replaced")
    }
  }

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
    try check(target, replacing: replacing)
    let isThere = FileManager.default.fileExists(atPath: target)
    let folder = try blaming { () throws(TensorsError) in try NewFolder(target: target) }
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let parameters = experts.routers.flatMap { [$0.inner, $0.outer] }
    let writer = try SafetensorsWriter(
      path: "\(folder.path)/\(FrugalEncoder.tensorsIn)",
      entries: parameters.map { .init($0.name, [$0.rows, $0.columns]) },
      metadata: [("model_sha256", modelSHA256)]
    )
    for parameter in parameters { try writer.add(parameter.values) }
    try writer.finish()
    let description = JSON.object([
      .init("version", .integer(1)), .init("model_sha256", .string(Array(modelSHA256.utf8))),
      .init("experts", experts.json),
      .init("orders", .array(orders.map { .array($0.map { .integer($0) }) })),
    ])
    for (name, bytes) in [
      (FrugalEncoder.describedIn, description.text(depth: 0)),
      ("experts.json", result.text(depth: 0)),
      ("report.html", Array(page.utf8)),
    ] {
      try blaming { () throws(TensorsError) in
        let file = try NewFile(path: "\(folder.path)/\(name)")
        try file.write((bytes + [0x0A]).span)
        try file.finish()
      }
    }
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }
}

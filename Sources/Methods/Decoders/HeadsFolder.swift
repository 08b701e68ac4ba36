public import Models
import Tensors

/// The folder that `mete heads` writes: `heads.json`, `heads.safetensors` and the report, `fit.json` for
/// programs and `report.html` for people.
public enum HeadsFolder {
  /// What tells it from other folders.
  public static let kind = KindOfFolder(marker: headsName, name: "a folder of taught heads")
  static let headsName = TokenExits.describedIn
  static let tensorsName = TokenExits.tensorsIn
  static let reportName = "fit.json"
  static let pageName = "report.html"

  /// Writes the folder beside its place, and moves it there when all of it is on the disk.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - taught: heads, and what they belong to.
  ///   - report: what `fit.json` says.
  ///   - page: what `report.html` says.
  ///   - replacing: whether a folder with a `heads.json` makes way; anything else never does.
  /// - Throws: `FormatError`; then nothing has changed.
  static func write(
    to target: String,
    _ taught: TaughtHeads,
    report: JSON,
    page: String,
    replacing: Bool
  ) throws(FormatError) {
    let parameters = taught.heads.headParameters + taught.heads.ensembleParameters
    try kind.write(to: target, replacing: replacing) { folder throws(FormatError) in
      let writer = try SafetensorsWriter(
        path: "\(folder)/\(tensorsName)",
        entries: parameters.map { .init($0.name, $0.shape) },
        metadata: [("format", "mete heads"), ("model_sha256", taught.modelSHA256)]
      )
      for parameter in parameters { try writer.add(parameter.values) }
      try writer.finish()
      for (name, bytes) in [
        (headsName, taught.json.text(depth: 0) + [0x0A]),
        (reportName, report.text(depth: 0) + [0x0A]), (pageName, Array(page.utf8)),
      ] { try KindOfFolder.write(bytes, to: "\(folder)/\(name)") }
      // What cannot be read back is not published.
      _ = try open(folder)
    }
  }
}

extension Parameter {
  /// Its shape in files: one dimension for biases and gains.
  fileprivate var shape: [Int] {
    rows == 1 && !name.hasSuffix("head.weight") ? [columns] : [rows, columns]
  }
}

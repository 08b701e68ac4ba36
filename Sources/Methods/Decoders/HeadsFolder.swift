import Foundation
public import Models
import Tensors

/// The folder that `mete heads` writes: `heads.json`, `heads.safetensors` and the report, `fit.json` for
/// programs and `report.html` for people.
public enum HeadsFolder {
  /// Marks a folder that was written here, and that may therefore be replaced.
  static let headsName = TokenExits.describedIn
  static let tensorsName = TokenExits.tensorsIn
  static let reportName = "fit.json"
  static let pageName = "report.html"

  /// Whether a folder may be made, or the one that is there replaced.
  ///
  /// - Throws: `FormatError` if not.
  public static func check(_ target: String, replacing: Bool) throws(FormatError) {
    guard FileManager.default.fileExists(atPath: target) else { return }
    guard replacing else {
      throw FormatError(path: target, reason: "is there already; --force replaces taught heads")
    }
    guard FileManager.default.fileExists(atPath: "\(target)/\(headsName)") else {
      throw FormatError(path: target, reason: "holds no taught heads, and only those are replaced")
    }
  }

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
    try check(target, replacing: replacing)
    let isThere = FileManager.default.fileExists(atPath: target)
    let folder = try blaming { () throws(TensorsError) in try NewFolder(target: target) }
    // After an exchange this is what was there; after a failure what was begun.
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let parameters = taught.heads.headParameters + taught.heads.ensembleParameters
    let writer = try SafetensorsWriter(
      path: "\(folder.path)/\(tensorsName)",
      entries: parameters.map { .init($0.name, $0.shape) },
      metadata: [("format", "mete heads"), ("model_sha256", taught.modelSHA256)]
    )
    for parameter in parameters { try writer.add(parameter.values) }
    try writer.finish()
    try write(taught.json.text(depth: 0) + [0x0A], headsName, in: folder)
    try write(report.text(depth: 0) + [0x0A], reportName, in: folder)
    try write(Array(page.utf8), pageName, in: folder)
    // What cannot be read back is not published.
    _ = try open(folder.path)
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }

  private static func write(_ bytes: [UInt8], _ name: String, in folder: NewFolder)
    throws(FormatError)
  {
    try blaming { () throws(TensorsError) in
      let file = try NewFile(path: "\(folder.path)/\(name)")
      try file.write(bytes.span)
      try file.finish()
    }
  }
}

extension Parameter {
  /// Its shape in files: one dimension for biases and gains.
  fileprivate var shape: [Int] {
    rows == 1 && !name.hasSuffix("head.weight") ? [columns] : [rows, columns]
  }
}

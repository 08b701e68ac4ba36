internal import Foundation
internal import Tensors

/// What can be asked of an artifact's directory as a whole.
public enum Artifact {
  /// What tells it from other directories.
  static let kind = KindOfFolder(marker: Manifest.fileName, name: "an artifact")

  /// Reads every byte of an artifact and holds it against its hashes.
  ///
  /// - Parameters:
  ///   - path: the directory.
  ///   - progress: hears how many bytes are read.
  /// - Returns: what `mete.json` says.
  /// - Throws: `FormatError` that names the first file that is not as it was written.
  public static func check(path: String, progress: (_ bytes: Int) -> Void = { _ in })
    throws(FormatError) -> Manifest
  {
    guard let manifest = try Checkpoint.open(path: path).artifact else {
      throw FormatError(path: path, reason: "is no artifact: it holds no \(Manifest.fileName)")
    }
    var read = 0
    for file in manifest.files {
      let place = "\(path)/\(file.name)"
      let hash = WeightFiles(files: [try mapped(place)]).sha256()
      guard hash == file.sha256 else {
        throw FormatError(path: place, reason: "has the SHA-256 \(hash), not \(file.sha256)")
      }
      read += file.bytes
      progress(read)
    }
    return manifest
  }

  /// The files of a Hugging Face directory that are read besides the weights; some may be missing.
  static func companions(in directory: String) throws(FormatError) -> [String] {
    var names = [
      "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
      "modules.json", "sentence_bert_config.json", FrugalParts.describedIn, FrugalParts.tensorsIn,
    ]
    let modules = try ConfigurationFile.ifPresent(path: "\(directory)/modules.json")
    for module in modules?.json.items ?? [] {
      guard let folder = module["path"]?.text, isPlainName(folder) else { continue }
      names.append("\(folder)/config.json")
    }
    return names
  }
}

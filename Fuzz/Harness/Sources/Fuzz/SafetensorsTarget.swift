import Models

/// A safetensors file, and the model that it is with a `config.json`.
///
/// An input is the `config.json`, a zero byte, and the file.
enum SafetensorsTarget {
  private static let folder = ScratchFile.folder()
  private static let configuration = ScratchFile(path: "\(folder)/config.json")
  private static let weights = ScratchFile(path: "\(folder)/model.safetensors")

  static func run(_ bytes: [UInt8]) {
    let (settings, file) = split(bytes)
    weights.write(file)
    do throws(FormatError) {
      ModelUse.decode(try Safetensors(path: weights.path).tensors)
      configuration.write(settings)
      ModelUse.run(try Checkpoint.open(path: folder))
    } catch {
      ModelUse.check(error, path: folder, count: bytes.count)
    }
  }

  /// A setting or the header changed as JSON; the header's length stays true.
  static func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8]? {
    let (settings, file) = split(bytes)
    if Bool.random(using: &random), let json = try? JSON(parsing: settings, path: "") {
      return JSONText.bytes(json.mutated(using: &random)) + [0] + file
    }
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 &+ Int($1) }
    guard file.count > 8, 0 ... file.count - 8 ~= length,
      let header = try? JSON(parsing: Array(file[8 ..< 8 + length]), path: "")
    else { return nil }
    let changed = JSONText.bytes(header.mutated(using: &random))
    let count = (0 ..< 8).map { UInt8(truncatingIfNeeded: changed.count >> (8 * $0)) }
    return settings + [0] + count + changed + file[(8 + length)...]
  }
}

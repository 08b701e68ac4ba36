internal import Tensors

/// The weights of a Hugging Face directory: one safetensors file, or shards and their index.
struct SafetensorsFolder {
  /// Longest index file, in bytes.
  static let indexBytesMax = 16 << 20
  /// Most shards of a model.
  static let shardCountMax = 1_024

  /// In order of file names.
  let files: [Safetensors]

  /// Tensors of all files.
  var tensors: [StoredTensor] { files.flatMap(\.tensors) }

  /// The mapped files.
  var weightFiles: WeightFiles { WeightFiles(files: files.map(\.file)) }

  /// Opens `model.safetensors`; where there is none, the shards that its index names.
  init(directory: String) throws(FormatError) {
    let single = "\(directory)/model.safetensors"
    if let file = try mappedIfPresent(single) {
      files = [try Safetensors(path: single, file: file)]
      return
    }
    let index = "\(single).index.json"
    guard let listing = try readIfPresent(index, limit: Self.indexBytesMax) else {
      throw FormatError(
        path: directory,
        reason: "holds neither model.safetensors nor model.safetensors.index.json"
      )
    }
    files = try Self.shards(of: try JSON(parsing: listing, path: index), index, directory)
  }

  private static func shards(of index: JSON, _ path: String, _ directory: String)
    throws(FormatError) -> [Safetensors]
  {
    guard let map = index["weight_map"]?.members, !map.isEmpty else {
      throw FormatError(path: path, reason: "has no weight_map")
    }
    var home: [String: String] = [:]
    for member in map {
      let name = String(decoding: member.key, as: UTF8.self)
      guard let shard = member.value.text, isPlainName(shard) else {
        throw FormatError(path: path, reason: "\(name) is not mapped to a plain file name")
      }
      home[name] = shard
    }
    let names = Set(home.values).sorted()
    guard names.count <= shardCountMax else {
      throw FormatError(
        path: path,
        reason: "names \(names.count) shards; the limit is \(shardCountMax)"
      )
    }
    var files: [Safetensors] = []
    for name in names {
      let file = try Safetensors(path: "\(directory)/\(name)")
      for tensor in file.tensors {
        guard home.removeValue(forKey: tensor.name) == name else {
          throw FormatError(
            path: file.path,
            reason: "\(tensor.name) is not here according to \(path)"
          )
        }
      }
      files.append(file)
    }
    guard home.isEmpty else {
      let missing = home.keys.sorted().prefix(3).joined(separator: ", ")
      throw FormatError(path: path, reason: "names tensors that no shard holds: \(missing)")
    }
    return files
  }
}

/// Whether `name` is a file in the same directory: no separators, no parent, no hidden file.
func isPlainName(_ name: String) -> Bool {
  !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains(UInt8(ascii: "/"))
    && !name.utf8.contains(0)
}

/// The bytes of a file of at most `limit`; nil if there is no such file.
func readIfPresent(_ path: String, limit: Int) throws(FormatError) -> [UInt8]? {
  guard let file = try mappedIfPresent(path) else { return nil }
  guard file.count <= limit else {
    throw FormatError(path: path, reason: "has \(file.count) bytes; the limit is \(limit)")
  }
  return file.bytes(0 ..< file.count)
}

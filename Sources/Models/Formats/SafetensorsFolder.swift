internal import Tensors

/// The weights of a Hugging Face directory: one safetensors file, or shards and their index.
struct SafetensorsFolder {
  /// Longest index file, in bytes.
  static let indexBytesMax = 16 << 20
  /// Most shards of a model.
  static let shardCountMax = 1_024

  /// In order of file names.
  let files: [Safetensors]

  /// The file that says which tensors there are: the only one, or the index of the shards.
  let listing: String

  /// Tensors of all files.
  var tensors: [StoredTensor] { files.flatMap(\.tensors) }

  /// The mapped files.
  var weightFiles: WeightFiles { WeightFiles(files: files.map(\.file)) }

  /// Opens `model.safetensors`; where there is none, the shards that its index names.
  init(directory: String) throws(FormatError) {
    let single = "\(directory)/model.safetensors"
    if let file = try mappedIfPresent(single) {
      files = [try Safetensors(path: single, file: file)]
      listing = single
      return
    }
    listing = "\(single).index.json"
    guard
      let index = try ConfigurationFile.ifPresent(path: listing, limit: Self.indexBytesMax)
    else {
      throw FormatError(
        path: directory,
        reason: "holds neither model.safetensors nor model.safetensors.index.json"
      )
    }
    files = try Self.shards(of: index, directory)
  }

  private static func shards(of index: ConfigurationFile, _ directory: String)
    throws(FormatError) -> [Safetensors]
  {
    var home = try homes(index)
    let names = Set(home.values).sorted()
    guard names.count <= shardCountMax else {
      throw index.blame(
        "names \(names.count) shards; the limit is \(shardCountMax)",
        key: "weight_map"
      )
    }
    var files: [Safetensors] = []
    for name in names {
      let path = "\(directory)/\(name)"
      guard let mapped = try mappedIfPresent(path) else {
        let tensor = home.keys.sorted().first { home[$0] == name } ?? ""
        throw index.blame("the shard \(name) is missing", at: ["weight_map", .named(tensor)])
      }
      let file = try Safetensors(path: path, file: mapped)
      for tensor in file.tensors {
        guard home.removeValue(forKey: tensor.name) == name else {
          throw FormatError(
            path: file.path,
            offset: tensor.offset,
            reason: "\(tensor.name) is not here according to \(index.path)"
          )
        }
      }
      files.append(file)
    }
    if let first = home.keys.min() {
      let missing = home.keys.sorted().prefix(3).joined(separator: ", ")
      throw index.blame(
        "names tensors that no shard holds: \(missing)",
        at: ["weight_map", .named(first)]
      )
    }
    return files
  }

  /// The shard of every tensor.
  private static func homes(_ index: ConfigurationFile) throws(FormatError) -> [String: String] {
    guard let map = try index.section("weight_map") else { throw index.missing("weight_map") }
    let members = map.json.members ?? []
    guard !members.isEmpty else { throw map.blame("weight_map names no tensors", at: []) }
    var home: [String: String] = [:]
    for member in members {
      let name = String(decoding: member.key, as: UTF8.self)
      guard let shard = member.value.text, isPlainName(shard) else {
        throw map.blame("\(name) is not mapped to a plain file name", at: [.key(member.key)])
      }
      home[name] = shard
    }
    return home
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

extension Manifest {
  /// Most files, maps or tables of an artifact.
  static let entriesMax = 65_536

  /// Reads `mete.json`.
  ///
  /// - Throws: `FormatError` that names the key.
  init(_ file: ConfigurationFile) throws(FormatError) {
    let version = try file.integer("format_version", 0 ... Int.max)
    guard version == Self.version else {
      throw file.blame(
        "format_version is \(version); only \(Self.version) is read",
        key: "format_version"
      )
    }
    name = try file.required("name")
    guard let origin = try file.section("source") else { throw file.missing("source") }
    guard let format = Checkpoint.Format(rawValue: try origin.required("format")) else {
      throw origin.blame("source: format is neither gguf nor safetensors", key: "format")
    }
    source = Source(
      name: try origin.required("name"),
      format: format,
      sha256: try origin.digest()
    )
    family = try file.required("family")
    parameters = try file.integer("parameters", 1 ... Int.max)
    weights = try file.required("weights")
    files = []
    for entry in try file.entries("files") {
      let name = try entry.required("name")
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count <= 2, parts.allSatisfy({ isPlainName(String($0)) }) else {
        throw entry.blame("files: \(name) is no plain name", key: "name")
      }
      let bytes = try entry.integer("bytes", 1 ... Int.max)
      files.append(File(name: name, bytes: bytes, sha256: try entry.digest()))
    }
    maps = []
    for entry in try file.entries("maps") { maps.append(try PackedMap(entry)) }
    tables = []
    for entry in try file.entries("tables") { tables.append(try PackedTable(entry)) }
    guard files.contains(where: { $0.name == Self.weightsName }) else {
      throw file.blame("files: \(Self.weightsName) is not among them", key: "files")
    }
  }

  var json: JSON {
    let origin: [JSON.Member] = [
      .init("name", source.name), .init("format", source.format.rawValue),
      .init("sha256", source.sha256),
    ]
    return .object([
      .init("format_version", Self.version), .init("name", name), .init("source", .object(origin)),
      .init("family", family), .init("parameters", parameters), .init("methods", .array([])),
      .init("weights", weights), .init("files", .array(files.map(\.json))),
      .init("maps", .array(maps.map(\.json))), .init("tables", .array(tables.map(\.json))),
    ])
  }
}

extension Manifest.File {
  var json: JSON {
    .object([.init("name", name), .init("bytes", bytes), .init("sha256", sha256)])
  }
}

extension PackedTable {
  init(_ entry: ConfigurationFile) throws(FormatError) {
    name = try entry.required("name")
    type = try entry.required("type")
    outputs = try entry.integer("outputs", 1 ... ModelLimits.vocabularyMax)
    inputs = try entry.integer("inputs", 1 ... ModelLimits.widthMax)
  }

  var json: JSON {
    .object([
      .init("name", name), .init("type", type), .init("outputs", outputs), .init("inputs", inputs),
    ])
  }
}

extension ConfigurationFile {
  fileprivate func entries(_ key: String) throws(FormatError) -> [ConfigurationFile] {
    guard let items = value(key)?.items, items.count <= Manifest.entriesMax else {
      throw blame("\(key) is not an array of at most \(Manifest.entriesMax) objects", key: key)
    }
    return items.enumerated().map { inside($1, [.named(key), .item($0)]) }
  }

  fileprivate func digest() throws(FormatError) -> String {
    let text = try required("sha256")
    guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else {
      throw blame("sha256 is not 64 hexadecimal digits", key: "sha256")
    }
    return text
  }
}

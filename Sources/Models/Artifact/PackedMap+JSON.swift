internal import Tensors

extension PackedMap {
  /// Reads an entry of `maps`; everything that sizes hang on has a limit.
  init(_ entry: ConfigurationFile) throws(FormatError) {
    name = try entry.required("name")
    guard let format = WeightFormat(rawValue: try entry.required("format")) else {
      throw entry.blame("maps: \(name): format is not one of \(WeightFormat.names)", key: "format")
    }
    self.format = format
    inputs = try entry.integer("inputs", 1 ... Self.inputsMax)
    partInputs = try entry.integer("part_inputs", 1 ... inputs)
    isInterleaved = try entry.bool("interleaved", default: false)
    guard format != .int8 || inputs <= WeightFormat.int8InputsMax else {
      throw entry.blame(
        "maps: \(name): int8 takes \(WeightFormat.int8InputsMax) inputs at most",
        key: "inputs"
      )
    }
    let items = entry.value("parts")?.items ?? []
    guard (1 ... Self.partsMax).contains(items.count) else {
      throw entry.blame("maps: \(name): parts are not 1 ... \(Self.partsMax) objects", key: "parts")
    }
    parts = []
    for (number, item) in items.enumerated() {
      let part = entry.inside(item, ["parts", .item(number)])
      let outputs = try part.integer("outputs", 1 ... ModelLimits.vocabularyMax)
      parts.append(Part(name: try part.required("name"), outputs: outputs))
    }
    guard !isInterleaved || parts.allSatisfy({ $0.outputs == parts[0].outputs }) else {
      throw entry.blame("maps: \(name): interleaved parts have different outputs", key: "parts")
    }
  }

  /// Widest map: whole tiles of the widest layer.
  private static let inputsMax = max(ModelLimits.widthMax, ModelLimits.ffnWidthMax) + 15

  var json: JSON {
    .object([
      .init("name", name), .init("format", format.rawValue), .init("inputs", inputs),
      .init("part_inputs", partInputs), .init("interleaved", .bool(isInterleaved)),
      .init(
        "parts",
        .array(parts.map { .object([.init("name", $0.name), .init("outputs", $0.outputs)]) })
      ),
    ])
  }
}

extension WeightFormat {
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension ConfigurationFile {
  /// A text that must be there.
  func required(_ key: String) throws(FormatError) -> String {
    guard let text = try text(key) else { throw missing(key) }
    return text
  }
}

extension JSON.Member {
  init(_ key: String, _ value: JSON) { self.init(key: Array(key.utf8), value: value) }
  init(_ key: String, _ value: String) { self.init(key, .string(Array(value.utf8))) }
  init(_ key: String, _ value: Int) { self.init(key, .integer(value)) }
}

import Foundation
public import Models
import Tensors

extension HeadsFolder {
  /// Reads a folder that `mete heads` wrote.
  ///
  /// - Parameter path: the folder.
  /// - Returns: the heads, and what they belong to.
  /// - Throws: `FormatError` that names the file, the field and the limit.
  public static func open(_ path: String) throws(FormatError) -> TaughtHeads {
    let file = try HeadsFile(path: "\(path)/\(headsName)")
    let tensors = try Safetensors(path: "\(path)/\(tensorsName)")
    let (layers, isJoined) = try file.exits()
    let labels = try file.texts("labels", 1 ... ModelLimits.labelsMax)
    let width = try file.integer("width", 1 ... 2 * ModelLimits.widthMax)
    let sha256 = try file.text("model_sha256")
    guard tensors.metadata["model_sha256"] == sha256 else {
      throw FormatError(
        path: tensors.path,
        reason: "belongs to another model than \(headsName) says; teach the heads again"
      )
    }
    // The sizes are checked against the file before memory is spent on them.
    try check(tensors, layers: layers.count, classes: labels.count, width: width)
    let heads = TokenHeads<Float>(
      layers: layers,
      width: width,
      classes: labels.count,
      isJoined: isJoined,
      seed: 0
    )
    try fill(heads, tensors)
    return TaughtHeads(
      heads: heads,
      modelName: try file.text("model"),
      modelSHA256: sha256,
      labels: labels,
      epsilon: Float(try file.number("norm_epsilon", 0 ... 1)),
      tokensMax: try file.integer("tokens_max", 1 ... ModelLimits.positionsMax),
      curve: try file.curve(layers),
      chosen: try file.chosen(layers),
      settings: file.json["settings"] ?? .null
    )
  }

  private static func check(_ tensors: Safetensors, layers: Int, classes: Int, width: Int)
    throws(FormatError)
  {
    let most = layers * classes * width
    let held = tensors.tensors.reduce(0) { $0 + $1.count }
    guard held >= most else {
      throw FormatError(
        path: tensors.path,
        reason: "holds \(held) numbers; \(layers) heads of (\(classes), \(width)) need \(most)"
      )
    }
  }

  private static func fill(_ heads: TokenHeads<Float>, _ tensors: Safetensors) throws(FormatError) {
    var rest: [String: StoredTensor] = [:]
    for tensor in tensors.tensors { rest[tensor.name] = tensor }
    for parameter in heads.headParameters + heads.ensembleParameters {
      guard let tensor = rest.removeValue(forKey: parameter.name), tensor.type == .f32,
        tensor.count == parameter.count
      else {
        throw FormatError(
          path: tensors.path,
          reason: "holds no float32 \(parameter.name) of \(parameter.count) numbers"
        )
      }
      parameter.values = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
      guard parameter.values.allSatisfy(\.isFinite) else {
        throw FormatError(path: tensors.path, reason: "\(parameter.name) is not finite")
      }
      parameter.isFrozen = true
    }
    guard let name = rest.keys.min() else { return }
    throw FormatError(path: tensors.path, reason: "holds \(name), which no exit has")
  }
}

/// `heads.json`, field by field.
private struct HeadsFile {
  let path: String
  let json: JSON

  init(path: String) throws(FormatError) {
    self.path = path
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
      throw FormatError(path: path, reason: "is missing")
    }
    guard size <= HeadsFolder.bytesMax, let bytes = FileManager.default.contents(atPath: path)
    else {
      throw FormatError(path: path, reason: "has over \(HeadsFolder.bytesMax) bytes")
    }
    json = try JSON(parsing: Array(bytes), path: path)
    guard json["format"]?.text == "mete heads", json["version"]?.integer == 2 else {
      throw FormatError(path: path, reason: "is no \"mete heads\" of version 2")
    }
  }

  func blame(_ reason: String) -> FormatError { FormatError(path: path, reason: reason) }

  func text(_ key: String) throws(FormatError) -> String {
    guard let text = json[key]?.text else { throw blame("\(key) is not a string") }
    return text
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(FormatError) -> Int {
    guard let value = json[key]?.integer, range.contains(value) else {
      throw blame("\(key) is not a whole number in \(range.lowerBound) ... \(range.upperBound)")
    }
    return value
  }

  func number(_ key: String, _ range: ClosedRange<Double>, in object: JSON? = nil)
    throws(FormatError) -> Double
  {
    guard let value = (object ?? json)[key]?.number, range.contains(value) else {
      throw blame("\(key) is not a number in \(range.lowerBound) ... \(range.upperBound)")
    }
    return value
  }

  func texts(_ key: String, _ counts: ClosedRange<Int>) throws(FormatError) -> [String] {
    let items = json[key]?.items ?? []
    let texts = items.compactMap(\.text)
    guard texts.count == items.count, counts.contains(texts.count) else {
      throw blame("\(key) is not a list of \(counts.lowerBound) to \(counts.upperBound) strings")
    }
    return texts
  }

  /// Where exits stand, and whether they are joined.
  func exits() throws(FormatError) -> (layers: [Int], isJoined: Bool) {
    let items = json["exits"]?.items ?? []
    guard (1 ... ModelLimits.layersMax).contains(items.count) else {
      throw blame("exits is not a list of 1 to \(ModelLimits.layersMax)")
    }
    var layers: [Int] = []
    for item in items {
      guard let layer = item["layer"]?.integer, layer > layers.last ?? 0,
        layer <= ModelLimits.layersMax
      else { throw blame("exits do not name ascending layers of 1 ... \(ModelLimits.layersMax)") }
      layers.append(layer)
    }
    return (layers, items[0]["ensemble"]?.bool ?? false)
  }

  func curve(_ layers: [Int]) throws(FormatError) -> [TaughtHeads.Point] {
    var points: [TaughtHeads.Point] = []
    for item in json["curve"]?.items ?? [] {
      guard let policy = item["policy"]?.text.flatMap(StreamCost.Policy.init(rawValue:)) else {
        throw blame("a policy of curve is neither propagate nor defer")
      }
      points.append(
        TaughtHeads.Point(
          rule: try rule(item, layers),
          policy: policy,
          accuracy: try number("accuracy", 0 ... 1, in: item),
          agreement: try number("agreement", 0 ... 1, in: item),
          macs: try number("macs", 0 ... 100, in: item)
        )
      )
    }
    return points
  }

  /// The rule of every policy: a server may use either.
  func chosen(_ layers: [Int]) throws(FormatError) -> [StreamCost.Policy: ExitRule] {
    var rules: [StreamCost.Policy: ExitRule] = [:]
    for policy in StreamCost.Policy.allCases {
      guard let item = json["chosen"]?[policy.rawValue] else {
        throw blame("chosen has no rule for \(policy.rawValue)")
      }
      rules[policy] = try rule(item, layers)
    }
    return rules
  }

  private func rule(_ item: JSON, _ layers: [Int]) throws(FormatError) -> ExitRule {
    let threshold = try number("threshold", 0 ... 1, in: item)
    guard let layer = item["first_exit"]?.integer, let first = layers.firstIndex(of: layer) else {
      throw blame("a first_exit is none of the layers that exits stand after, \(layers)")
    }
    return ExitRule(threshold: threshold, first: first)
  }
}

import Tensors

extension TokenExits {
  /// Describes what lies in `tensorsIn`.
  public static let describedIn = "heads.json"
  /// Heads and ensembles.
  public static let tensorsIn = "heads.safetensors"
  /// Longest `heads.json`, in bytes.
  public static let bytesMax = 4 << 20

  /// Reads a folder that `mete heads` wrote.
  ///
  /// - Parameter folder: its path.
  /// - Throws: `FormatError` that names the file, the member or tensor, and the limit.
  public init(folder: String) throws(FormatError) {
    let file = try HeadsFile(path: "\(folder)/\(Self.describedIn)")
    let shelf = try FrugalShelf(path: "\(folder)/\(Self.tensorsIn)")
    let (layers, isJoined) = try file.exits()
    let labels = try file.texts("labels", 1 ... ModelLimits.labelsMax)
    let width = try file.integer("width", 1 ... 2 * ModelLimits.widthMax)
    let sha256 = try file.text("model_sha256")
    guard shelf.metadata["model_sha256"] == sha256 else {
      throw FormatError(
        path: "\(folder)/\(Self.tensorsIn)",
        reason: "belongs to another model than \(Self.describedIn) says; teach the heads again"
      )
    }
    let final = layers.count - 1
    var (heads, ensembles, names): ([Head], [GeometricEnsemble], Set<String>) = ([], [], [])
    for exit in layers.indices {
      let hears = isJoined && exit > 0 && exit < final
      let inputs = width + (hears ? labels.count : 0)
      let part = "exits.\(exit)"
      let norm = hears ? try shelf.norm("\(part).norm", width: labels.count) : nil
      let map = try shelf.dense("\(part).head", outputs: labels.count, inputs: inputs)
      heads.append(Head(norm: norm, map: map))
      names.formUnion(["\(part).head.weight", "\(part).head.bias"])
      if hears { names.formUnion(["\(part).norm.weight", "\(part).norm.bias"]) }
      guard isJoined, exit < final else { continue }
      let weights = try shelf.vector("\(part).ensemble.weight", count: exit + 1)
      let bias = try shelf.vector("\(part).ensemble.bias", count: labels.count)
      guard (weights + bias).allSatisfy({ abs($0) < 50 }) else {
        throw file.blame("\(part).ensemble has a number beyond 50")
      }
      ensembles.append(
        GeometricEnsemble(logWeights: weights.map(Double.init), bias: bias.map(Double.init))
      )
      names.formUnion(["\(part).ensemble.weight", "\(part).ensemble.bias"])
    }
    try shelf.checkHolds(only: names)
    self.init(
      layers: layers,
      heads: heads,
      ensembles: ensembles,
      labels: labels,
      epsilon: Float(try file.number("norm_epsilon", 0 ... 1)),
      tokensMax: try file.integer("tokens_max", 1 ... ModelLimits.positionsMax),
      modelName: try file.text("model"),
      modelSHA256: sha256,
      points: try file.curve(layers),
      chosen: try file.chosen(layers),
      policy: try file.policy(),
      settings: file.json["settings"] ?? .null
    )
  }

  /// Whether they were taught on this model.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - sha256: of its weight files.
  ///   - path: the folder, for errors.
  /// - Throws: `FormatError` if not.
  public func check(_ configuration: LlamaConfiguration, sha256: String, path: String)
    throws(FormatError)
  {
    guard sha256 == modelSHA256 else {
      throw FormatError(
        path: path,
        reason: "was taught on \(modelName), whose weights have another SHA-256 than this model's"
      )
    }
    guard layers.last == configuration.layers, features == 2 * configuration.width else {
      throw FormatError(
        path: path,
        reason: "has exits after \(layers) over \(features) numbers; the model has "
          + "\(configuration.layers) layers of width \(configuration.width)"
      )
    }
  }
}

/// `heads.json`, member by member.
private struct HeadsFile {
  let path: String
  let json: JSON

  init(path: String) throws(FormatError) {
    self.path = path
    guard let bytes = try readIfPresent(path, limit: TokenExits.bytesMax) else {
      throw FormatError(path: path, reason: "is missing")
    }
    json = try JSON(parsing: bytes, path: path)
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

  func curve(_ layers: [Int]) throws(FormatError) -> [TokenExits.Point] {
    var points: [TokenExits.Point] = []
    for item in json["curve"]?.items ?? [] {
      guard let policy = item["policy"]?.text.flatMap(StreamPolicy.init(rawValue:)) else {
        throw blame("a policy of curve is neither \"propagate\" nor \"defer\"")
      }
      points.append(
        TokenExits.Point(
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
  func chosen(_ layers: [Int]) throws(FormatError) -> [StreamPolicy: ExitRule] {
    var rules: [StreamPolicy: ExitRule] = [:]
    for policy in StreamPolicy.allCases {
      guard let item = json["chosen"]?[policy.rawValue] else {
        throw blame("chosen has no rule for \(policy.rawValue)")
      }
      rules[policy] = try rule(item, layers)
    }
    return rules
  }

  /// The policy of requests that name none; nil if the file says nothing of it.
  func policy() throws(FormatError) -> StreamPolicy? {
    guard let item = json["policy"] else { return nil }
    guard let policy = item.text.flatMap(StreamPolicy.init(rawValue:)) else {
      throw blame("policy is neither \"propagate\" nor \"defer\"")
    }
    return policy
  }

  private func rule(_ item: JSON, _ layers: [Int]) throws(FormatError) -> ExitRule {
    let threshold = try number("threshold", 0 ... 1, in: item)
    guard let layer = item["first_exit"]?.integer, let first = layers.firstIndex(of: layer) else {
      throw blame("a first_exit is none of the layers that exits stand after, \(layers)")
    }
    return ExitRule(threshold: threshold, first: first)
  }
}

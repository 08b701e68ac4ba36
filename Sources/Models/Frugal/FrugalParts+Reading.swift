internal import Tensors

extension FrugalParts {
  /// Reads what lies beside an encoder; nil where nothing does.
  ///
  /// - Parameters:
  ///   - folder: the model's directory.
  ///   - configuration: of the model.
  /// - Throws: `FormatError` that names the member or the tensor that does not fit the model.
  public init?(in folder: String, _ configuration: BertConfiguration) throws(FormatError) {
    let path = "\(folder)/\(Self.describedIn)"
    guard let bytes = try readIfPresent(path, limit: Self.bytesMax) else { return nil }
    let description = try JSON(parsing: bytes, path: path)
    let shelf = try FrugalShelf(path: "\(folder)/\(Self.tensorsIn)")
    self.init()
    if let own = description["experts"] {
      experts = try RoutedExperts(own, shelf, configuration, path: path)
    }
    if let own = description["exits"] {
      exits = try LearnedExits(own, shelf, configuration, path: path)
    }
    if let own = description["effort"] { effort = try EffortCurve(own, path: path) }
  }

  /// Reads only the exits.
  ///
  /// - Parameters:
  ///   - folder: the model's directory.
  ///   - configuration: of the model.
  /// - Returns: nil where there are none.
  /// - Throws: `FormatError` that names the member or the tensor that does not fit the model.
  public static func exits(
    in folder: String,
    _ configuration: BertConfiguration
  ) throws(FormatError) -> LearnedExits? {
    let path = "\(folder)/\(describedIn)"
    guard let bytes = try readIfPresent(path, limit: bytesMax),
      let own = try JSON(parsing: bytes, path: path)["exits"]
    else { return nil }
    let shelf = try FrugalShelf(path: "\(folder)/\(tensorsIn)")
    return try LearnedExits(own, shelf, configuration, path: path)
  }

  /// Longest `frugal.json`, in bytes.
  static let bytesMax = 64 << 20
}

extension RoutedExperts {
  fileprivate init(
    _ json: JSON,
    _ shelf: FrugalShelf,
    _ configuration: BertConfiguration,
    path: String
  ) throws(FormatError) {
    let neurons = configuration.ffnWidth
    guard let size = json["size"]?.integer, size > 0, neurons % size == 0 else {
      throw FormatError(path: path, reason: "experts.size does not divide \(neurons) neurons")
    }
    var routers: [Router] = []
    for layer in 0 ..< configuration.layers {
      func name(_ part: String) -> String { "routers.\(layer).\(part).weight" }
      let inner = try shelf.matrix(name("inner"), outputs: nil, inputs: configuration.width)
      let outer = try shelf.matrix(name("outer"), outputs: neurons / size, inputs: inner.outputs)
      routers.append(Router(inner: inner, outer: outer))
    }
    self.init(size: size, routers: routers)
  }
}

extension LearnedExits {
  fileprivate init(
    _ json: JSON,
    _ shelf: FrugalShelf,
    _ configuration: BertConfiguration,
    path: String
  ) throws(FormatError) {
    func fail(_ reason: String) -> FormatError { FormatError(path: path, reason: reason) }
    let layers = json["layers"]?.items?.compactMap(\.integer) ?? []
    let inner = 1 ..< configuration.layers
    guard !layers.isEmpty, layers == Set(layers).sorted(), layers.allSatisfy(inner.contains) else {
      throw fail("exits.layers are not ascending numbers of 1 to \(inner.upperBound - 1)")
    }
    guard let pooling = json["pooling"]?.text.flatMap(Pooling.init) else {
      throw fail("exits.pooling is neither first nor mean")
    }
    guard let isCascaded = json["is_cascaded"]?.bool else {
      throw fail("exits.is_cascaded is missing")
    }
    let (width, classes) = (configuration.width, configuration.labels.count)
    guard classes > 0 else { throw fail("exits need a model with labels") }
    var heads: [Head] = []
    for place in layers.indices {
      let hears = isCascaded && place > 0
      func name(_ part: String) -> String { "exits.\(place).\(part)" }
      heads.append(
        Head(
          pooler: try shelf.dense(name("pooler"), outputs: width, inputs: width),
          norm: hears ? try shelf.norm(name("norm"), width: classes) : nil,
          classifier: try shelf.dense(
            name("classifier"),
            outputs: classes,
            inputs: width + (hears ? classes : 0)
          )
        )
      )
    }
    var ensembles: [GeometricEnsemble] = []
    for (place, item) in (json["ensembles"]?.items ?? []).enumerated() {
      let weights = item["log_weights"]?.items?.compactMap(\.number) ?? []
      let bias = item["bias"]?.items?.compactMap(\.number) ?? []
      guard weights.count == place + 1, bias.count == classes,
        (weights + bias).allSatisfy({ $0.isFinite && abs($0) < 50 })
      else {
        throw fail("exits.ensembles[\(place)] needs \(place + 1) log_weights, \(classes) biases")
      }
      ensembles.append(GeometricEnsemble(logWeights: weights, bias: bias))
    }
    guard ensembles.isEmpty || ensembles.count == layers.count else {
      throw fail("exits.ensembles has \(ensembles.count) of \(layers.count)")
    }
    self.init(layers: layers, pooling: pooling, heads: heads, ensembles: ensembles)
  }
}

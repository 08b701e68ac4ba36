internal import Models
import Tensors

extension ExitStack {
  /// As `frugal.json` describes them.
  var json: JSON {
    func numbers(_ values: [Double]) -> JSON { .array(values.map { .number($0) }) }
    return .object([
      .init("layers", .array(layers.map { .integer($0) })),
      .init("pooling", .string(Array(pooling.rawValue.utf8))),
      .init("is_cascaded", .bool(heads.contains { $0.norm != nil })),
      .init(
        "ensembles",
        .array(
          ensembles.map {
            .object([
              .init("log_weights", numbers($0.logWeights)), .init("bias", numbers($0.bias)),
            ])
          }
        )
      ),
    ])
  }

  /// Reads what `json` and `ExitHead.name` wrote.
  ///
  /// - Throws: `FormatError` that names the member or the tensor.
  init(
    _ json: JSON,
    _ shelf: TensorShelf,
    _ network: EncoderNetwork<Float>,
    path: String
  ) throws(FormatError) {
    func fail(_ reason: String) -> FormatError { FormatError(path: path, reason: reason) }
    let layers = json["layers"]?.items?.compactMap(\.integer) ?? []
    let inner = 1 ..< network.layers.count
    guard !layers.isEmpty, layers == Set(layers).sorted(), layers.allSatisfy(inner.contains) else {
      throw fail("exits.layers are not ascending numbers of 1 to \(inner.upperBound - 1)")
    }
    guard let pooling = json["pooling"]?.text.flatMap(Pooling.init) else {
      throw fail("exits.pooling is neither first nor mean")
    }
    guard let isCascaded = json["is_cascaded"]?.bool else {
      throw fail("exits.is_cascaded is missing")
    }
    let (width, classes) = (network.configuration.width, network.configuration.labels.count)
    var heads: [ExitHead<Float>] = []
    for place in layers.indices {
      func matrix(_ part: String, _ kind: String, _ rows: Int, _ columns: Int)
        throws(FormatError) -> Parameter<Float>
      {
        try shelf.parameter(
          "\(ExitHead<Float>.name(part, place)).\(kind)",
          rows: rows,
          columns: columns
        )
      }
      let hears = isCascaded && place > 0
      heads.append(
        ExitHead(
          pooler: DenseParameters(
            weight: try matrix("pooler", "weight", width, width),
            bias: try matrix("pooler", "bias", 1, width)
          ),
          norm: hears
            ? NormParameters(
              gain: try matrix("norm", "weight", 1, classes),
              bias: try matrix("norm", "bias", 1, classes)
            ) : nil,
          classifier: DenseParameters(
            weight: try matrix("classifier", "weight", classes, width + (hears ? classes : 0)),
            bias: try matrix("classifier", "bias", 1, classes)
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

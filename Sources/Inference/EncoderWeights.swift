import Models
import Tensors

/// An encoder's weights as the fast path reads them; constant and shared.
struct EncoderWeights: Sendable {
  struct Layer: Sendable {
    /// Queries, keys and values, joined.
    let queryKeyValue: LinearMap
    let output: LinearMap
    let attentionNorm: LayerNorm
    let up: LinearMap
    let down: LinearMap
    let outputNorm: LayerNorm
    /// What picks experts; nil where the layer runs whole.
    let router: Router?
  }

  /// |V · relu(W z)|.
  struct Router: Sendable {
    let inner: LinearMap
    let outer: LinearMap

    /// Multiply-accumulates of one row.
    var macs: Int { inner.macs + outer.macs }
  }

  /// An exit's head.
  struct ExitHead: Sendable {
    let pooler: LinearMap
    /// Over the scores of the exit before; nil without a cascade.
    let norm: LayerNorm?
    let classifier: LinearMap
  }

  let configuration: BertConfiguration
  /// Tables and norms are read as they are.
  let model: BertWeights
  let layers: [Layer]
  /// Always float32: they are small and decide.
  let pooler: LinearMap?
  let classifier: LinearMap?
  let columns: AttentionColumns
  /// What the model can spare, and when; nil runs it whole.
  let frugal: FrugalParts?
  /// One for each of the model's exits: poolers in the format of the maps, classifiers in float32.
  let exitHeads: [ExitHead]

  /// Packs a model.
  ///
  /// - Parameters:
  ///   - configuration: its shape.
  ///   - weights: its weights.
  ///   - frugal: its experts and exits; nil is none.
  ///   - format: of all maps but pooler, classifiers, and routers' second maps, which are float32; nil is bytes with a scale for every 32 inputs,
  ///     since a scale for each row of activations moves embeddings too far (docs/BENCHMARKS.md, "Accuracy").
  ///     The output of attention alone could do without, but is too little of the work to gain by it
  ///     (docs/decisions/0010-our-own-kernels.md).
  ///   - workers: share the work.
  /// - Throws: `FormatError` without a path if they are packed already, and otherwise than here, or if experts are no
  ///   multiple of a tile.
  init(
    _ configuration: BertConfiguration,
    _ weights: BertWeights,
    _ frugal: FrugalParts? = nil,
    format: WeightFormat?,
    workers: Workers
  ) throws(FormatError) {
    var maps = LinearMaps(wanted: format) { _ in .int8Group }
    func add(_ parts: [Dense], as format: WeightFormat? = nil) -> Int {
      maps.add(parts.map(\.matrix), biases: parts.map(\.bias), as: format)
    }
    if let size = frugal?.experts?.size, !size.isMultiple(of: 16) {
      throw FormatError(
        path: "",
        reason:
          "has experts of \(size) neurons; served are multiples of 16 (mete experts --expert-size)"
      )
    }
    let places = weights.layers.map { layer in
      (
        add([layer.query, layer.key, layer.value]), add([layer.output]), add([layer.up]),
        add([layer.down])
      )
    }
    let pooler = weights.pooler.map { add([$0], as: .f32) }
    let classifier = weights.classifier.map { add([$0], as: .f32) }
    let routers = (frugal?.experts?.routers ?? []).map { router in
      (maps.add([router.inner]), maps.add([router.outer], as: .f32))
    }
    let heads = (frugal?.exits?.heads ?? []).map { head in
      (add([head.pooler]), head.norm, add([head.classifier], as: .f32))
    }
    let built = try maps.built(by: workers)
    self.configuration = configuration
    model = weights
    self.frugal = frugal
    exitHeads = heads.map { ExitHead(pooler: built[$0.0], norm: $0.1, classifier: built[$0.2]) }
    layers = zip(weights.layers, places).enumerated().map { index, entry in
      let (layer, place) = entry
      return Layer(
        queryKeyValue: built[place.0],
        output: built[place.1],
        attentionNorm: layer.attentionNorm,
        up: built[place.2],
        down: built[place.3],
        outputNorm: layer.outputNorm,
        router: routers.isEmpty
          ? nil : Router(inner: built[routers[index].0], outer: built[routers[index].1])
      )
    }
    self.pooler = pooler.map { built[$0] }
    self.classifier = classifier.map { built[$0] }
    let width = (configuration.width + 15) / 16 * 16
    columns = AttentionColumns(query: 0, key: width, value: 2 * width)
  }
}

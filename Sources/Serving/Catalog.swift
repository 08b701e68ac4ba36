import Inference
import Models
import Wire

/// The models that are served, as clients are told of them.
struct Catalog: Sendable {
  /// In order of the configuration.
  private(set) var models: [Entry]

  /// One model.
  struct Entry: Sendable {
    let name: String
    let methods: [Method]
    var tariff: Tariff
    /// What PROTOCOL.md §5 tells of it, but for the tariff.
    private let shape: [Value.Entry]
    /// Its curve of effort, where it has one.
    private let effort: [Value.Entry]
  }

  /// Describes loaded models.
  init(_ models: [(served: ServedModel, tariff: Tariff)]) {
    self.models = models.map(Entry.init)
  }

  /// Takes the tariffs of a configuration that names the same models.
  mutating func adopt(_ settings: [Configuration.Model]) {
    for (index, model) in settings.enumerated() { models[index].tariff = model.tariff }
  }

  /// The model of that name.
  subscript(name: String) -> Entry? { models.first { $0.name == name } }

  /// The model for a call.
  ///
  /// - Parameters:
  ///   - name: the one asked for; nil takes the first that can serve the method.
  ///   - method: what it is to do.
  /// - Returns: its entry.
  /// - Throws: `unknown_model` or `unsuitable_model`.
  func model(_ name: String?, for method: Method) throws(WireError) -> Entry {
    guard let name else {
      if let entry = models.first(where: { $0.methods.contains(method) }) { return entry }
      throw WireError(.unsuitableModel, "no model here serves \(method.rawValue); see Models.List")
    }
    guard let entry = self[name] else {
      throw WireError(.unknownModel, "there is no model \"\(excerpt(name))\"; see Models.List")
    }
    guard entry.methods.contains(method) else {
      let can = entry.methods.map(\.rawValue).joined(separator: ", ")
      throw WireError(
        .unsuitableModel,
        "\(name) cannot serve \(method.rawValue); it serves \(can)"
      )
    }
    return entry
  }
}

extension Catalog.Entry {
  /// Describes a loaded model.
  init(_ model: (served: ServedModel, tariff: Tariff)) {
    let shape = Shape(model.served)
    name = model.served.name
    methods = shape.methods
    tariff = model.tariff
    self.shape = [
      Value.Entry("name", .string(model.served.name)),
      Value.Entry("family", .string(model.served.checkpoint.family.name)),
      Value.Entry("methods", .array(shape.methods.map { .string($0.rawValue) })),
      Value.Entry("parameters", Value(model.served.checkpoint.parameters)),
      Value.Entry("layers", Value(shape.layers)),
      Value.Entry("width", Value(shape.width)),
      Value.Entry("vocabulary", Value(shape.vocabulary)),
      Value.Entry("positions_max", Value(shape.positionsMax)),
      Value.Entry("pooling", shape.pooling.map(Value.string) ?? .nil),
      Value.Entry("labels", .array(shape.labels.map(Value.string))),
      Value.Entry("format", .string(model.served.checkpoint.format.rawValue)),
      Value.Entry("sha256", .string(model.served.checkpoint.recordedSHA256)),
    ]
    effort = Self.effort(of: model.served.checkpoint.frugal)
  }

  /// Exits, and the curve; of a language model one for each policy.
  private static func effort(of frugal: FrugalParts?) -> [Value.Entry] {
    guard let frugal else { return [] }
    var entries: [Value.Entry] = []
    if let layers = frugal.tokens?.layers ?? frugal.exits?.layers {
      entries.append(Value.Entry("exits", .array(layers.map { Value($0) })))
    }
    if let curve = frugal.effort { entries.append(Value.Entry("effort", curve.description())) }
    if let exits = frugal.tokens {
      let curves = StreamPolicy.allCases.compactMap { policy in
        exits.effort(policy).map {
          Value.Entry(policy.rawValue, $0.description(layers: exits.layers))
        }
      }
      entries.append(Value.Entry("stream_effort", .map(curves)))
      let policy = exits.policy(asked: nil)
      entries.append(Value.Entry("stream_policy", .string(policy.rawValue)))
    }
    return entries
  }

  /// The map of PROTOCOL.md §5.
  var description: Value {
    let price: [Value.Entry] = [
      Value.Entry("currency", .string(tariff.currency)),
      Value.Entry("micro_per_gmac", Value(tariff.microPerGigaMAC)),
    ]
    return .map(shape + effort + [Value.Entry("tariff", .map(price))])
  }
}

extension EffortCurve {
  /// What clients are told of each point, the least work first.
  ///
  /// - Parameter layers: of a language model's exits; nil for encoders, where every exit may be left at.
  /// - Returns: an array of maps.
  fileprivate func description(layers: [Int]? = nil) -> Value {
    .array(
      points.map { point in
        var entries: [Value.Entry] = [
          Value.Entry("effort", .double(effort(of: point))),
          Value.Entry("tau", point.tau.map(Value.double) ?? .nil),
          Value.Entry("threshold", point.threshold.map(Value.double) ?? .nil),
        ]
        if let layers {
          let first = point.threshold == nil ? layers.count - 1 : point.first
          entries.append(Value.Entry("first_exit", Value(layers[first])))
        }
        return .map(
          entries + [
            Value.Entry("accuracy", .double(point.accuracy)),
            Value.Entry("agreement", .double(point.agreement)),
            Value.Entry("macs_share", .double(point.share)),
          ]
        )
      }
    )
  }
}

/// The numbers of a family that clients are told.
private struct Shape {
  var methods: [Method]
  var layers: Int
  var width: Int
  var vocabulary: Int
  var positionsMax: Int
  var pooling: String?
  var labels: [String]

  init(_ served: ServedModel) {
    switch served.checkpoint.family {
    case .llama(let configuration, _):
      let classes = served.checkpoint.frugal?.tokens?.labels ?? []
      methods = [.generate, .predict] + (classes.isEmpty ? [] : [.classifyStream]) + [.tokenize]
      layers = configuration.layers
      width = configuration.width
      vocabulary = configuration.vocabulary
      positionsMax = configuration.positionsMax
      labels = classes
    case .bert(let configuration, let weights):
      methods =
        weights.classifier == nil
        ? [.embed, .tokenize] : [.embed, .classify, .classifyStream, .tokenize]
      layers = configuration.layers
      width = configuration.width
      vocabulary = configuration.vocabulary
      positionsMax = configuration.sequenceMax
      pooling = configuration.pooling.rawValue
      labels = weights.classifier == nil ? [] : configuration.labels
    }
    // Who is not told of Tokenize knows that the model takes tokens only.
    if served.tokenizer.gap != nil { methods.removeAll { $0 == .tokenize } }
  }
}

public import Wire

/// What a server says of one of its models.
public struct ModelCard: Sendable, Equatable {
  /// The name to ask for.
  public let name: String
  /// The family, for example `llama` or `bert`.
  public let family: String
  /// The methods that it can serve.
  public let methods: [String]
  /// How many weights it has.
  public let parameters: UInt64
  /// How many layers.
  public let layers: Int
  /// Numbers per token between layers.
  public let width: Int
  /// How many tokens it knows.
  public let vocabulary: Int
  /// The longest input in tokens.
  public let positionsMax: Int
  /// How token vectors become one; nil for a language model.
  public let pooling: String?
  /// What it classifies into.
  public let labels: [String]
  /// The format of its file.
  public let format: String
  /// The digest of its file; empty if not known.
  public let sha256: String
  /// The currency of its tariff, ISO 4217.
  public let currency: String
  /// Millionths of the currency for 10⁹ multiply-accumulates.
  public let microPerGigaMAC: Double
  /// What each effort buys, from the least work to the whole model; empty where everything runs whole.
  public let effort: [EffortPoint]
  /// All of it as it came, with what this version does not know.
  public let fields: Value

  init?(reading fields: Value) {
    guard fields.asMap != nil, let name = fields["name"]?.asString else { return nil }
    func strings(_ key: String) -> [String] { fields[key]?.asArray?.compactMap(\.asString) ?? [] }
    func string(_ key: String) -> String { fields[key]?.asString ?? "" }
    func count(_ key: String) -> Int { fields[key]?.asInt ?? 0 }
    self.name = name
    family = string("family")
    methods = strings("methods")
    parameters = fields["parameters"]?.asUInt ?? 0
    layers = count("layers")
    width = count("width")
    vocabulary = count("vocabulary")
    positionsMax = count("positions_max")
    pooling = fields["pooling"]?.asString
    labels = strings("labels")
    format = string("format")
    sha256 = string("sha256")
    currency = fields["tariff"]?["currency"]?.asString ?? ""
    microPerGigaMAC = fields["tariff"]?["micro_per_gmac"]?.asDouble ?? 0
    effort = fields["effort"]?.asArray?.map(EffortPoint.init) ?? []
    self.fields = fields
  }
}

/// A point of a model's curve of effort.
public struct EffortPoint: Sendable, Equatable {
  /// What a call asks for, 0...1.
  public let effort: Double
  /// How strong an expert must be beside the strongest; nil runs layers whole.
  public let tau: Double?
  /// How sure an exit must be; nil asks none.
  public let threshold: Double?
  /// Share of right answers, on data that nothing was trained on.
  public let accuracy: Double
  /// Share of answers that are the whole model's.
  public let agreement: Double
  /// Share of the whole model's multiply-accumulates.
  public let macsShare: Double

  init(_ fields: Value) {
    func number(_ key: String) -> Double { fields[key]?.asDouble ?? 0 }
    effort = number("effort")
    tau = fields["tau"]?.asDouble
    threshold = fields["threshold"]?.asDouble
    accuracy = number("accuracy")
    agreement = number("agreement")
    macsShare = number("macs_share")
  }
}

/// A request's name inside the engine; given by whoever opens it, never used twice.
public struct SequenceID: Hashable, Sendable, Comparable {
  /// The number behind the name.
  public var number: UInt64

  /// Names the sequence `number`.
  public init(_ number: UInt64) { self.number = number }

  /// Orders by age, oldest first, if numbers are given in order.
  public static func < (a: SequenceID, b: SequenceID) -> Bool { a.number < b.number }
}

/// One call as the engine sees it: whose, on which model, what, and until when.
public struct Request: Sendable {
  /// The engine's name for it.
  public var id: SequenceID
  /// Who pays; scheduling is fair between tenants.
  public var tenant: String
  /// A model that the engine has.
  public var model: String
  /// What is asked of the model.
  public var task: Task
  /// When the request came in, on the engine's clock.
  public var arrived: Duration
  /// When the answer is worth nothing any more, on the engine's clock.
  public var deadline: Duration?
  /// How much of the model it may use, 0...1; 1 is the dense model, and so is everything where nothing was learned.
  public var effort: Double
  /// What is left of its effort at least, whatever the load.
  public var effortMin: Double
  /// Whether it rather has less effort than no answer by its deadline.
  public var hurries: Bool
  /// Multiply-accumulates that it may cost, which its bill never exceeds; nil is any number.
  public var macsMax: Int?
  /// Result messages that may be under way before the row pauses.
  public var slots: Int

  /// What is asked of the model.
  public enum Task: Sendable {
    case generate(GenerateParameters)
    case predict(PredictParameters)
    case embed(EncodeParameters)
    case classify(EncodeParameters)
    case classifyStream(StreamParameters)
    case tokenize(special: Bool)

    /// Whether special tokens go around text.
    var addsSpecial: Bool {
      switch self {
      case .predict(let parameters): parameters.special
      case .classifyStream(let parameters): parameters.special
      case .tokenize(let special): special
      case .generate, .embed, .classify: true
      }
    }
  }

  /// Describes a call.
  public init(
    id: SequenceID,
    tenant: String,
    model: String,
    task: Task,
    arrived: Duration,
    deadline: Duration? = nil,
    effort: Double = 1,
    effortMin: Double = 0,
    macsMax: Int? = nil,
    hurries: Bool = false,
    slots: Int = 64
  ) {
    precondition(slots > 0, "a request needs at least one slot")
    precondition(effort >= 0 && effort <= 1, "an effort of \(effort)")
    self.id = id
    self.tenant = tenant
    self.model = model
    self.task = task
    self.arrived = arrived
    self.deadline = deadline
    self.effort = effort
    self.effortMin = effortMin
    self.macsMax = macsMax
    self.hurries = hurries
    self.slots = slots
  }
}

/// How text is generated.
public struct GenerateParameters: Sendable, Equatable {
  /// Tokens to produce at most.
  public var tokensMax = 128
  /// How the next token is picked.
  public var sampling = Sampling()
  /// Byte strings at which generation ends; not part of the answer.
  public var stops: [[UInt8]] = []
  /// How the text becomes a prompt.
  public var format = Format.raw
  /// Go on after an end-of-text token.
  public var ignoresEnd = false

  /// How the text becomes a prompt.
  public enum Format: Sendable, Equatable {
    /// As it is.
    case raw
    /// As one user message of a chat, after a system message or the model's own.
    case chat(system: [UInt8]?)
  }

  /// Starts from the defaults: 128 tokens, greedy, raw.
  public init() {}
}

/// How per-token predictions are made.
public struct PredictParameters: Sendable, Equatable {
  /// Candidates per position.
  public var candidates = 5
  /// Put the model's beginning-of-text token first, if it has one.
  public var special = true
  /// Positions to reserve memory for.
  public var tokensMax = 1024

  /// Starts from the defaults: 5 candidates, 1,024 positions.
  public init() {}
}

/// How texts are embedded or classified.
public struct EncodeParameters: Sendable, Equatable {
  /// Every piece is a text of its own, answered in order.
  public var eachPiece = false
  /// Scale embeddings to length 1; nil does as the model says.
  public var normalize: Bool?
  /// Cut texts that are too long instead of refusing them.
  public var truncate = false
  /// Labels to return; nil is all.
  public var labelsMax: Int?
  /// A second segment, for models that were trained on pairs.
  public var pair: [UInt8]?
  /// Settings by themselves, instead of an effort.
  public var explicit = ExplicitSetting()

  /// Starts from the defaults: one text, as the model says, not cut.
  public init() {}
}

import Inference
import Models
import Support

/// Two tiny models, a clock that stands still unless moved, and an engine that runs to the end.
final class Workbench {
  static let language = "tiny-llama"
  static let encoder = "tiny-bert"

  let llama: LlamaReference
  let bert: BertReference
  let models: [ServedModel]
  private let folder: TemporaryFolder

  /// The engine's time; tests move it.
  var now = Duration.zero
  /// What passes with every look at the clock.
  var lookTakes = Duration.zero
  /// Called between layers, with how often it was called; gives urgent orders.
  var betweenLayers: (Int) -> [Order] = { _ in [] }
  private var boundaries = 0
  private(set) var emissions: [Emission] = []

  /// - Parameters:
  ///   - choice: how both models are held.
  ///   - policy: what the language model's heads say of streams that name none.
  ///   - measured: the policies that its heads have a curve of.
  /// - Throws: if the disk is full.
  init(
    weights choice: WeightChoice = .f32,
    policy: StreamPolicy? = nil,
    measured: [StreamPolicy] = StreamPolicy.allCases
  ) throws {
    folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    try TinyModels.writeBERT(to: "\(folder.path)/bert")
    let base = folder.path
    var checkpoints = try ["llama", "bert"].map {
      try Checkpoint.open(path: "\(base)/\($0)")
    }
    guard case .llama(let shape, let weights) = checkpoints[0].family,
      case .bert(let encoderShape, let encoderWeights) = checkpoints[1].family
    else { preconditionFailure("the tiny models changed their families") }
    llama = LlamaReference(configuration: shape, weights: weights)
    bert = BertReference(configuration: encoderShape, weights: encoderWeights)
    checkpoints[0].frugal = TinyFrugal.parts(for: shape, policy: policy, measured: measured)
    checkpoints[1].frugal = TinyFrugal.parts(for: encoderShape)
    models = [
      try ServedModel(name: Self.language, checkpoint: checkpoints[0], weights: choice),
      try ServedModel(name: Self.encoder, checkpoint: checkpoints[1], weights: choice),
    ]
  }

  var tokenizer: Tokenizer { models[0].tokenizer }

  func engine(_ limits: EngineLimits = EngineLimits()) -> Engine {
    emissions = []
    boundaries = 0
    return Engine(
      models: models,
      limits: limits,
      clock: {
        self.now += self.lookTakes
        return self.now
      },
      urgent: {
        self.boundaries += 1
        return self.betweenLayers(self.boundaries)
      }
    )
  }

  /// Turns until nothing more happens by itself; slots of results come back at once unless `stalled`.
  func run(_ engine: inout Engine, _ orders: [Order], stalled: Set<SequenceID> = []) {
    var next = orders
    repeat {
      let now = engine.turn(next)
      emissions += now
      next = now.filter { $0.takesSlot && !stalled.contains($0.id) }
        .map { .credit($0.id, slots: 1) }
    } while engine.hasWork || !next.isEmpty
  }

  /// Keeps what a turn gave.
  func record(_ turn: [Emission]) { emissions += turn }

  /// A request's emissions.
  func of(_ id: SequenceID) -> [Emission] { emissions.filter { $0.id == id } }

  /// How a request ended; nil if it has not, or twice.
  func ending(_ id: SequenceID) -> (outcome: Outcome, bill: Bill)? {
    let ends = of(id).compactMap { emission -> (Outcome, Bill)? in
      if case .ended(_, let outcome, let bill) = emission { (outcome, bill) } else { nil }
    }
    return ends.count == 1 ? ends[0] : nil
  }

  /// The tokens that were generated for a request.
  func generated(_ id: SequenceID) -> [GeneratedToken] {
    of(id).compactMap { if case .token(_, let token) = $0 { token } else { nil } }
  }

  /// What was said of a request's tokens.
  func verdicts(_ id: SequenceID) -> [Verdict] {
    of(id).compactMap { if case .verdict(_, let found) = $0 { found } else { nil } }
  }

  /// What was predicted for a request.
  func predictions(_ id: SequenceID) -> [Prediction] {
    of(id).compactMap { if case .prediction(_, let found) = $0 { found } else { nil } }
  }
}

extension Request {
  /// A request of tenant "t" that arrives at time zero.
  static func test(
    _ number: UInt64,
    _ task: Task,
    on model: String = Workbench.language,
    tenant: String = "t",
    deadline: Duration? = nil,
    effort: Double = 1,
    macsMax: Int? = nil,
    slots: Int = 64
  ) -> Request {
    Request(
      id: SequenceID(number),
      tenant: tenant,
      model: model,
      task: task,
      arrived: .zero,
      deadline: deadline,
      effort: effort,
      macsMax: macsMax,
      slots: slots
    )
  }
}

/// Open, one piece, end of input.
func whole(_ request: Request, _ piece: Piece) -> [Order] {
  [.open(request), .input(request.id, piece, weight: 10), .endOfInput(request.id)]
}

/// Generation of `tokensMax` tokens, greedy, that does not stop by itself.
func endless(_ tokensMax: Int) -> Request.Task {
  var parameters = GenerateParameters()
  parameters.tokensMax = tokensMax
  parameters.ignoresEnd = true
  return .generate(parameters)
}

/// Random token ids of the tiny language model's byte part.
func randomTokens(_ count: Int, using random: inout SplitMix64) -> [Int32] {
  (0 ..< count).map { _ in Int32.random(in: 0 ..< 256, using: &random) }
}

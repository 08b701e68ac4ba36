import Models
import Tensors

/// One model in the engine: its fast path, its requests, and, for a language model, its pages.
struct Lane {
  let name: String
  let tokenizer: Tokenizer
  let vocabularyCount: Int
  let positionsMax: Int
  let cost: Cost
  let layers: Int
  let forward: Forward
  /// What was learned beside the model; nil where nothing was.
  let frugal: FrugalParts?
  /// Names of the classes; empty where nothing is classified.
  let labels: [String]
  /// What stands around an encoder's windows; nil for a language model.
  let windowFrame: WindowFrame?
  var pool: PagePool?
  /// What effort buys for a stream on a language model, by the policy in force.
  let curves: [StreamPolicy: EffortCurve]
  /// How well spared work agrees with the whole model.
  var rail = SafetyRail()
  /// How long its answers get.
  var answers = AnswerLengths()
  /// What its steps take.
  var stepCost = StepCost()
  /// Requests that wait for pages, oldest first.
  var waiting: [Sequence] = []
  /// Requests that may take part in steps, oldest first.
  var running: [Sequence] = []

  enum Forward {
    case language(LanguageForward, KeyValuePages)
    case encoder(EncoderForward)
  }

  init(_ model: ServedModel, limits: EngineLimits, workers: Workers) {
    name = model.name
    tokenizer = model.tokenizer
    let frugal = model.checkpoint.frugal
    self.frugal = frugal
    var curves: [StreamPolicy: EffortCurve] = [:]
    for policy in StreamPolicy.allCases { curves[policy] = frugal?.tokens?.effort(policy) }
    self.curves = curves
    switch model.packed {
    case .language(let weights):
      let configuration = weights.configuration
      let forward = LanguageForward(weights, workers: workers)
      let pageBytes = KeyValuePages.pageBytes(
        layers: configuration.layers,
        shape: forward.shape,
        format: limits.keysAndValues.format
      )
      let count = limits.keyValueBytesMax / pageBytes
      precondition(
        count > 0,
        "keyValueBytesMax \(limits.keyValueBytesMax) holds no page of \(pageBytes) bytes"
      )
      let pages = KeyValuePages(
        layers: configuration.layers,
        pageCount: count,
        shape: forward.shape,
        format: limits.keysAndValues.format
      )
      self.forward = .language(forward, pages)
      pool = PagePool(
        count: count,
        pageSize: KeyValuePages.pageSize,
        cachedMax: limits.sharesPrefixes ? count * limits.prefixPercentMax / 100 : 0
      )
      vocabularyCount = configuration.vocabulary
      positionsMax = configuration.positionsMax
      layers = configuration.layers
      cost = Cost(configuration)
      labels = frugal?.tokens?.labels ?? []
      windowFrame = nil
    case .encoder(let weights):
      let configuration = weights.configuration
      forward = .encoder(EncoderForward(weights, workers: workers))
      vocabularyCount = configuration.vocabulary
      positionsMax = configuration.sequenceMax
      labels = weights.classifier == nil ? [] : configuration.labels
      windowFrame = WindowFrame(model.tokenizer)
      layers = configuration.layers
      cost = Cost(configuration)
    }
  }

  /// Special tokens of a window.
  var windowOverhead: Int { windowFrame.map { $0.before.count + $0.after.count } ?? 0 }

  /// Whether a step would have rows.
  var hasRows: Bool { running.contains(where: \.hasRow) }

  /// What reads the input of a request.
  func intake(for task: Request.Task) -> Intake {
    let (tokenizer, isEncoder) = (tokenizer, windowFrame != nil)
    return Intake(tokenizer: tokenizer, vocabularyCount: vocabularyCount) {
      if case .generate(let parameters) = task, case .chat(let system) = parameters.format,
        let template = tokenizer.chatTemplate
      {
        return template.streamUserMessage(system: system, with: tokenizer)
      }
      // An encoder's special tokens stand around each window, not in the stream.
      var addsSpecial = task.addsSpecial
      if case .classifyStream = task, isEncoder { addsSpecial = false }
      return StreamingTokenizer(tokenizer, addSpecial: addsSpecial)
    }
  }

  /// Whether the model can do what the request asks.
  func check(_ task: Request.Task) throws(Refusal) {
    if let gap = tokenizer.gap, task.needsText {
      throw Refusal(.unsuitableModel, "\(name) serves tokens only, not text: \(gap)")
    }
    switch (task, forward) {
    case (.generate(let parameters), .language)
    where parameters.format != .raw && tokenizer.chatTemplate == nil:
      throw Refusal(.unsuitableModel, "\(name) carries no chat template; use format \"raw\"")
    case (.generate, .language), (.predict, .language), (.embed, .encoder), (.tokenize, _):
      return
    case (.classify, .encoder(let forward)) where forward.weights.classifier != nil:
      return
    case (.classifyStream, _) where !labels.isEmpty:
      return
    case (.classifyStream(_), _):
      throw Refusal(
        .unsuitableModel,
        "\(name) has no classes; a stream is classified by an encoder with a head, or by a language model "
          + "with heads (mete heads)"
      )
    case (.generate(_), _), (.predict(_), _):
      throw Refusal(
        .unsuitableModel,
        "\(name) is an encoder; generating and predicting need a language model"
      )
    case (.embed(_), _):
      throw Refusal(.unsuitableModel, "\(name) is a language model; embedding needs an encoder")
    case (.classify(_), _):
      throw Refusal(
        .unsuitableModel,
        "\(name) has no classification head; classifying needs one"
      )
    }
  }
}

extension Request.Task {
  /// Whether it makes sense only for a model that knows text.
  fileprivate var needsText: Bool {
    switch self {
    case .tokenize: true
    case .generate(let parameters): parameters.format != .raw || !parameters.stops.isEmpty
    case .embed(let parameters), .classify(let parameters): parameters.pair != nil
    case .predict, .classifyStream: false
    }
  }
}

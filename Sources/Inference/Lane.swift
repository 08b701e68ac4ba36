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
  var pool: PagePool?
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
    frugal = model.checkpoint.frugal
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
    case .encoder(let weights):
      let configuration = weights.configuration
      forward = .encoder(EncoderForward(weights, workers: workers))
      vocabularyCount = configuration.vocabulary
      positionsMax = configuration.sequenceMax
      layers = configuration.layers
      cost = Cost(configuration)
    }
  }

  /// Whether a step would have rows.
  var hasRows: Bool { running.contains(where: \.hasRow) }

  /// What reads the input of a request.
  func intake(for task: Request.Task) -> Intake {
    let tokenizer = tokenizer
    return Intake(tokenizer: tokenizer, vocabularyCount: vocabularyCount) {
      if case .generate(let parameters) = task, case .chat(let system) = parameters.format,
        let template = tokenizer.chatTemplate
      {
        return template.streamUserMessage(system: system, with: tokenizer)
      }
      return StreamingTokenizer(tokenizer, addSpecial: task.addsSpecial)
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
    case .predict: false
    }
  }
}

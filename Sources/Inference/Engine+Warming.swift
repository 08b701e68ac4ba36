import Models

// The first step of a process finds cold pages and threads that do not exist yet. No client should pay
// for that.

extension Engine {
  /// Runs one token through every model, in an engine of its own that is dropped with its books.
  ///
  /// - Parameters:
  ///   - models: what will be served.
  ///   - limits: of the engine that will serve them.
  ///   - clock: the time, since any fixed moment.
  /// - Returns: the multiply-accumulates that it took, per model.
  @discardableResult
  public static func warm(
    _ models: [ServedModel],
    limits: EngineLimits,
    clock: @escaping () -> Duration
  ) -> [Int] {
    var engine = Engine(models: models, limits: limits, clock: clock)
    return models.enumerated().map { index, model in
      let before = engine.counters.macsTotal
      let id = SequenceID(UInt64(index))
      let request = Request(
        id: id,
        tenant: "",
        model: model.name,
        task: model.warmingTask,
        arrived: clock()
      )
      var orders: [Order] = [.open(request), .input(id, .tokens([0]), weight: 0), .endOfInput(id)]
      repeat {
        _ = engine.turn(orders)
        orders = []
      } while engine.hasWork
      precondition(engine.booksBalance, "\(model.name) ran a token that nobody was billed for")
      return engine.counters.macsTotal - before
    }
  }
}

extension ServedModel {
  /// The smallest thing that takes a token through all layers.
  fileprivate var warmingTask: Request.Task {
    switch checkpoint.family {
    case .llama:
      var parameters = PredictParameters()
      parameters.candidates = 1
      parameters.special = false
      parameters.tokensMax = 1
      return .predict(parameters)
    case .bert: return .embed(EncodeParameters())
    }
  }
}

import Inference
import Logging
import Loop
import Models

/// What the thread that opens models tells.
private enum Opening: Sendable {
  case began(Configuration.Model)
  /// The model's tokenizer is unknown, for the reason given.
  case tokensOnly(Configuration.Model, String)
  case ended(Result<[ServedModel], any Error>)
}

/// Opens models on a thread of their own, so that the loop can ask the supervisor for time meanwhile.
///
/// The thread is gone when this returns.
///
/// - Throws: `FormatError` for a model, `LoopError`.
func openModels(
  _ models: [Configuration.Model],
  threads: Int,
  on loop: EventLoop,
  herald: Herald,
  log: Logger
) throws -> [ServedModel] {
  var result: Result<[ServedModel], any Error>?
  var began = loop.now
  let steps = try Mailbox<Opening>(on: loop) { steps in
    for step in steps {
      switch step {
      case .began(let model):
        log.info("loading", metadata: ["model": "\(model.name)", "path": "\(model.path)"])
        began = loop.now
        herald.loading(model.name)
      case .tokensOnly(let model, let reason):
        log.warning(
          "this model serves tokens only, not text",
          metadata: ["model": "\(model.name)", "reason": "\(reason)"]
        )
      case .ended(let found):
        result = found
        loop.stop()
      }
    }
  }
  let patience = Timer(on: loop) {
    if loop.now - began < Herald.loadTimeMax { herald.stillLoading() }
  }
  patience.start(after: Herald.extensionPeriod, every: Herald.extensionPeriod)
  let thread = WorkerThread(named: "mete-loading") {
    steps.post(
      .ended(
        Result {
          try models.map { model in
            steps.post(.began(model))
            let served = try ServedModel(
              name: model.name,
              checkpoint: Checkpoint.open(path: model.path, heads: model.heads),
              weights: model.weights,
              threads: threads
            )
            if let gap = served.tokenizer.gap { steps.post(.tokensOnly(model, gap)) }
            return served
          }
        }
      )
    )
  }
  loop.run()
  thread.join()
  patience.close()
  steps.close()
  guard let result else { preconditionFailure("the loop ended before the models were open") }
  return try result.get()
}

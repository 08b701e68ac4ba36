import Tensors

/// What the engine takes on at most.
public struct EngineLimits: Sendable, Equatable {
  /// Requests that are open at once, waiting ones included.
  public var sequencesMax = 512
  /// Requests that wait for key/value pages, per model.
  public var queueCountMax = 256
  /// Rows of one step.
  public var rowsMax = 256
  /// Rows of one step that may be prefill.
  public var prefillRowsMax = 256
  /// What a step should take at most while an answer is running; fewer rows of prompts go into it then,
  /// and a few always.
  public var stepMax = Duration.milliseconds(25)
  /// Memory for keys and values, per language model.
  public var keyValueBytesMax = 512 << 20
  /// How they are held there.
  public var keysAndValues = KeyValueChoice.f32
  /// Whether prompts of one tenant that begin alike share the pages of their beginning.
  public var sharesPrefixes = true
  /// Percent of a model's pages that may hold beginnings which no open request uses.
  public var prefixPercentMax = 50
  /// Workers that compute a step together, the engine's thread included.
  public var workers = 1
  /// Whether every worker but the engine's thread stays on a CPU of its own.
  public var pinsWorkers = false
  /// What they compute with.
  var kernels = KernelSet.best
  /// Bytes of text in one input that is read as a whole.
  public var textBytesMax = 1 << 20
  /// Tokens of a streamed input that wait for their step before its sender gets more credit.
  public var pendingTokensMax = 256

  /// Tokens of one stream that may have left early and be owed to deeper layers: then one takes all of them along to the
  /// last, so that no step is ever much longer than others.
  public var parkedRowsMax = 256
  /// How long work may wait before effort is lowered for all; nil never lowers it.
  public var brownOutWait: Duration? = .milliseconds(15)
  /// The longest that a request may have to wait; one that would is refused, and told when to come back.
  public var queueWaitMax = Duration.seconds(30)
  /// How many of a thousand answers that were spared work are computed again with the whole model, when there is time.
  public var railPerMille = 10
  /// How far agreement may fall below what was measured when the model was taught, before effort is raised.
  public var railDriftMax = 0.05

  /// How long a request may keep pages without a row to run while others wait for pages.
  public var stallMax = Duration.seconds(30)

  /// Starts from the defaults.
  public init() {}
}

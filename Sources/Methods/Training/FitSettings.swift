/// How a model is fine-tuned.
public struct FitSettings: Sendable, Equatable {
  /// Times that every example is seen.
  public var epochs = 4
  /// Examples of one step.
  public var batch = 32
  /// Slices that a step's examples are read in, one after the other, to save memory; gradients add up over them.
  public var slices = 1
  /// Learning rate at its highest.
  public var rate = 5e-5
  /// Share of the steps over which the learning rate rises from 0; it falls to 0 along a line afterwards.
  public var warmup = 0.06
  /// Share of the learning rate by which matrices shrink at every step; norms and biases do not.
  public var decay = 0.01
  /// Length that the gradient of all weights together is cut to.
  public var normMax = 1.0
  /// Share of rows' numbers, and of attention weights, that are left out while learning.
  public var dropout = 0.1
  /// Tokens that a text is cut to.
  public var tokensMax = 128
  /// Keeps neurons off; nil is fine-tuning alone.
  public var sparsity: SparsityPenalty?
  /// How a teacher's answers are learned beside the labels; only heard where there is a teacher.
  public var distillation = Distillation()
  /// Whether feed-forward neurons become max(x, 0), whatever they were.
  public var swapsToRelu = false
  /// Whether embeddings stay as they are.
  public var freezesEmbeddings = false
  /// Decides the order of examples, what is left out, and the fresh head.
  public var seed: UInt64 = 0
  /// Threads, and so tapes; sums run in another order for another number.
  public var threads = 2

  /// What the figures of docs/BENCHMARKS.md were made with.
  public init() {}

  /// A line that two runs share only if one can go on where the other stopped.
  var fingerprint: String {
    "epochs \(epochs) batch \(batch) slices \(slices) rate \(rate) warmup \(warmup) decay \(decay) norm \(normMax) "
      + "dropout \(dropout) tokens \(tokensMax) seed \(seed) threads \(threads) "
      + "sparsity \(sparsity?.fingerprint ?? "none") relu \(swapsToRelu) frozen \(freezesEmbeddings) "
      + "distillation \(distillation.fingerprint)"
  }

  /// What is wrong with the numbers, or nil.
  public var fault: String? {
    func range(_ name: String, _ value: Double, _ most: Double, above: Double) -> String? {
      value > above && value <= most
        ? nil : "\(name) is \(value), not above \(above) and at most \(most)"
    }
    let faults: [String?] = [
      range("epochs", Double(epochs), 1000, above: 0),
      range("batch", Double(batch), 4096, above: 0),
      range("slices", Double(slices), Double(batch), above: 0),
      range("rate", rate, 1, above: 0),
      range("warmup", warmup, 1, above: -0.001),
      range("decay", decay, 10, above: -0.001),
      range("norm-max", normMax, 1e6, above: 0),
      range("dropout", dropout, 0.9, above: -0.001),
      range("tokens-max", Double(tokensMax), 1_048_576, above: 2),
      range("threads", Double(threads), 256, above: 0),
      sparsity.flatMap { range("sparsity-weight", $0.weight, 1e6, above: -0.001) },
      sparsity.flatMap { range("sparsity-ramp", $0.ramp, 1, above: -0.001) },
      range("teacher-share", distillation.share, 1, above: -0.001),
      range("teacher-temperature", distillation.temperature, 100, above: 0),
    ]
    return faults.compactMap { $0 }.first
  }
}

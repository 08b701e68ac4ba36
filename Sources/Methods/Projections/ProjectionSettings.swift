/// How attention projections are replaced by pairs of layers.
public struct ProjectionSettings: Sendable, Equatable {
  /// Neurons between the two maps; nil costs what the linear map costs, h = (d² + d) / (2d + 1).
  public var neurons: Int?
  /// Times that every text is seen.
  public var epochs = 3
  /// Texts of one step.
  public var batch = 32
  /// Learning rate at its highest; it falls along a cosine.
  public var rate = 1e-3
  /// Weight of the square Hoyer penalty on the neurons, once the run is over; it rises from 0 along a line.
  public var sparsityWeight = 1e-3
  /// Decides fresh maps and the order of texts.
  public var seed: UInt64 = 0
  /// Threads, and so tapes.
  public var threads = 2

  /// Those of arXiv:2310.04361 for language models and images, with the batch of `FitSettings`.
  public init() {}

  /// A line that two runs share only if one can go on where the other stopped.
  var fingerprint: String {
    "projections of \(neurons.map { "\($0)" } ?? "as many as cost the same") neurons, epochs \(epochs), batch \(batch), "
      + "rate \(rate), hoyer \(sparsityWeight), seed \(seed), threads \(threads)"
  }

  /// Neurons for rows of `width`: what was asked for, or a multiple of 8 near what costs the same.
  func neurons(width: Int) -> Int {
    let equal = Double(width * width + width) / Double(2 * width + 1)
    return neurons ?? max(8, Int((equal / 8).rounded()) * 8)
  }
}

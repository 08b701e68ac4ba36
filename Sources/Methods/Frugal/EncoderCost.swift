public import Models

/// Multiply-accumulates of a text through an encoder with experts and exits, by the arithmetic of `Cost`.
public struct EncoderCost: Sendable, Equatable {
  /// The model without experts and exits.
  public let dense: Cost
  /// One pair of row and expert; 0 without experts.
  public let expert: Int
  /// The router of one row in one layer; 0 without experts.
  public let router: Int

  /// The cost of an encoder.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - experts: its experts; nil runs layers whole.
  public init(_ configuration: BertConfiguration, _ experts: ExpertLayers? = nil) {
    dense = Cost(configuration)
    expert = experts.map { 2 * configuration.width * $0.size } ?? 0
    router = experts.map { $0.routers[0].shape.cost } ?? 0
  }

  /// A text through the whole model without experts and exits.
  public func whole(tokens: Int) -> Int { tokens * dense.row(positions: tokens) + dense.head }

  /// A text up to a layer, without any head.
  ///
  /// - Parameters:
  ///   - tokens: of the text.
  ///   - layers: that it went through.
  ///   - runs: (layers of the model): pairs of row and expert that ran; nil runs layers whole.
  /// - Returns: multiply-accumulates.
  public func body(tokens: Int, layers: Int, runs: [Int]?) -> Int {
    let attention = layers * tokens * dense.attention(positions: tokens)
    guard let runs else { return attention + layers * tokens * dense.experts }
    return attention + runs.prefix(layers).reduce(0, +) * expert + layers * tokens * router
  }
}

extension EncoderCost {
  /// What texts took, feed-forward layers and routers alone, as a part of what they take whole.
  func feedForwardShare(_ reading: EncoderReading) -> Double {
    guard !reading.runs.isEmpty else { return 1 }
    let rows = reading.lengths.reduce(0, +) * dense.layers
    let pairs = reading.runs.reduce(0) { $0 + $1.reduce(0, +) }
    return Double(pairs * expert + rows * router) / Double(max(1, rows * dense.experts))
  }

  /// What texts took in all, as a part of what they take whole.
  func share(_ reading: EncoderReading) -> Double {
    let whole = reading.lengths.reduce(0) { $0 + self.whole(tokens: $1) }
    var sum = 0
    for (place, tokens) in reading.lengths.enumerated() {
      let runs = reading.runs.isEmpty ? nil : reading.runs[place]
      sum += body(tokens: tokens, layers: dense.layers, runs: runs) + dense.head
    }
    return Double(sum) / Double(max(1, whole))
  }
}

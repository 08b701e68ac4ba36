public import Models
public import Tensors

/// Multiply-accumulates of a text through an encoder with experts and exits, by the arithmetic of `Cost`.
public struct EncoderCost: Sendable, Equatable {
  /// The model without experts and exits, its projections themselves.
  public let dense: Cost
  /// Every block of neurons, in the order of use.
  let blocks: [Block]
  private let blocksPerLayer: Int

  /// Neurons between two maps.
  struct Block: Sendable, Equatable {
    /// Whether it stands for a projection of attention.
    let isProjection: Bool
    /// One row through all of it.
    let whole: Int
    /// One pair of row and expert; 0 without experts.
    let expert: Int
    /// The router of one row; 0 without experts.
    let router: Int
  }

  /// The cost of an encoder.
  ///
  /// - Parameters:
  ///   - network: the model.
  ///   - experts: its experts; nil runs layers whole.
  public init(_ network: EncoderNetwork<Float>, _ experts: ExpertLayers? = nil) {
    let configuration = network.configuration
    dense = Cost(configuration)
    blocksPerLayer = network.blocksPerLayer
    blocks = network.blocks.enumerated().map { place, block in
      Block(
        isProjection: block.projection != nil,
        whole: 2 * configuration.width * block.neurons,
        expert: experts.map { 2 * configuration.width * $0.sizes[place] } ?? 0,
        router: experts.map { $0.routers[place].shape.cost } ?? 0
      )
    }
  }

  /// A text through the whole model without experts and exits, its projections themselves.
  public func whole(tokens: Int) -> Int { tokens * dense.row(positions: tokens) + dense.head }

  /// A text up to a layer, without any head.
  ///
  /// - Parameters:
  ///   - tokens: of the text.
  ///   - layers: that it went through.
  ///   - runs: (blocks of the model): pairs of row and expert that ran; nil runs layers whole.
  /// - Returns: multiply-accumulates.
  public func body(tokens: Int, layers: Int, runs: [Int]?) -> Int {
    var attention = dense.attention(positions: tokens)
    if blocksPerLayer > 1 { attention -= dense.projections }
    let own = blocks.prefix(layers * blocksPerLayer)
    guard let runs else {
      return tokens * (layers * attention + own.reduce(0) { $0 + $1.whole })
    }
    return zip(own, runs).reduce(layers * tokens * attention) { sum, block in
      sum + block.1 * block.0.expert + tokens * block.0.router
    }
  }
}

extension EncoderCost {
  /// What texts took, feed-forward layers and routers alone, as a part of what they take whole.
  func feedForwardShare(_ reading: EncoderReading) -> Double {
    share(reading, of: dense.experts) { !$0.isProjection }
  }

  /// What texts took, projections that were replaced and their routers alone, as a part of what the linear maps took.
  func projectionShare(_ reading: EncoderReading) -> Double? {
    blocksPerLayer > 1 ? share(reading, of: dense.projections) { $0.isProjection } : nil
  }

  private func share(
    _ reading: EncoderReading,
    of whole: Int,
    _ isCounted: (Block) -> Bool
  ) -> Double {
    let rows = reading.lengths.reduce(0, +)
    var sum = 0
    for (place, block) in blocks.enumerated() where isCounted(block) {
      if reading.runs.isEmpty {
        sum += rows * block.whole
      } else {
        let pairs = reading.runs.reduce(0) { $0 + $1[place] }
        sum += pairs * block.expert + rows * block.router
      }
    }
    return Double(sum) / Double(max(1, rows * dense.layers * whole))
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

internal import Models
public import Tensors

/// The experts of all feed-forward layers of a model, and of projections that were replaced, and the routers that pick them.
///
/// The neurons of each layer lie in the order of its experts (`ExpertSplit.permuted`).
public struct ExpertLayers: Sendable {
  /// Of each block, the neurons of an expert.
  public let sizes: [Int]
  /// One for each block of `EncoderNetwork.blocks`; in a language model, for each layer.
  public let routers: [Router<Float>]
  /// Of each block, the experts' Gram matrices (experts · size, size): what true norms are computed from.
  let grams: [Parameter<Float>]

  /// Experts of a network whose neurons are in order.
  ///
  /// - Parameters:
  ///   - sizes: neurons of an expert, for each block; divides the block's neurons.
  ///   - routers: one for each block.
  ///   - network: whose layers are split.
  public init(sizes: [Int], routers: [Router<Float>], of network: EncoderNetwork<Float>) {
    self.init(sizes: sizes, routers: routers, downs: network.blocks.map(\.down.weight))
  }

  /// Experts of layers whose neurons are in order.
  ///
  /// - Parameters:
  ///   - sizes: neurons of an expert, for each layer; divides the layer's neurons.
  ///   - routers: one for each layer.
  ///   - downs: of each layer, (width, neurons).
  init(sizes: [Int], routers: [Router<Float>], downs: [Parameter<Float>]) {
    precondition(
      routers.count == downs.count && sizes.count == downs.count && !sizes.isEmpty,
      "\(routers.count) routers"
    )
    for (down, size) in zip(downs, sizes) {
      precondition(down.columns % size == 0, "\(down.columns) neurons in experts of \(size)")
    }
    self.sizes = sizes
    self.routers = routers
    grams = zip(downs, sizes).map { Self.grams(of: $0, size: $1) }
  }

  /// Neurons of an expert of a feed-forward layer.
  public var size: Int { sizes[sizes.count - 1] }

  /// Experts of a feed-forward layer.
  public var count: Int { count(of: sizes.count - 1) }

  /// Experts of a block.
  func count(of block: Int) -> Int { routers[block].shape.experts }

  /// Dᵢᵀ Dᵢ of the columns Dᵢ of every expert.
  private static func grams(of down: Parameter<Float>, size: Int) -> Parameter<Float> {
    let (width, neurons) = (down.rows, down.columns)
    let all = down.values
    var grams: [Float] = []
    grams.reserveCapacity(neurons * size)
    for expert in 0 ..< neurons / size {
      var columns: [Float] = []
      for row in 0 ..< width {
        let first = row * neurons + expert * size
        columns += all[first ..< first + size]
      }
      for i in 0 ..< size {
        for j in 0 ..< size {
          var sum = 0.0
          for row in 0 ..< width {
            sum += Double(columns[row * size + i]) * Double(columns[row * size + j])
          }
          grams.append(Float(sum))
        }
      }
    }
    let gram = Parameter<Float>("grams", rows: neurons, columns: size, values: grams)
    gram.isFrozen = true
    return gram
  }

  /// Σ|a| of every expert by that of all, from what the neurons give: (rows, neurons) to (rows, experts); 0 where none is on.
  func contributions(_ pass: FeedForwardPass<Float>, _ tape: Tape<Float>) -> Variable<Float> {
    let neurons = pass.neurons.values
    let (size, count) = (sizes[pass.block], count(of: pass.block))
    var shares = [Float](repeating: 0, count: pass.neurons.rows * count)
    for row in 0 ..< pass.neurons.rows {
      var total: Float = 0
      for expert in 0 ..< count {
        let first = row * pass.neurons.columns + expert * size
        let sum = neurons[first ..< first + size].reduce(0) { $0 + abs($1) }
        shares[row * count + expert] = sum
        total += sum
      }
      if total > 0 { for expert in 0 ..< count { shares[row * count + expert] /= total } }
    }
    return tape.input(shares, rows: pass.neurons.rows, columns: count)
  }

  /// ‖Eᵢ(z)‖ of every expert, from what the neurons give: (rows, neurons) to (rows, experts).
  func norms(_ pass: FeedForwardPass<Float>, _ tape: Tape<Float>) -> Variable<Float> {
    tape.blockNorms(pass.neurons, grams: tape.variable(grams[pass.block]))
  }
}

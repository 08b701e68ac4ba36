public import Tensors

/// Which neurons of a feed-forward layer make which expert.
///
/// f(z) = b2 + Σ Eᵢ(z): every neuron belongs to exactly one expert, the bias of `down` to none, so the sum over all experts
/// is the layer itself. Szatkowski et al., "Exploiting Activation Sparsity with Dense to Dynamic-k Mixture-of-Experts
/// Conversion", arXiv:2310.04361; after Zhang et al., "MoEfication", arXiv:2110.01786.
public struct ExpertSplit: Sendable, Equatable {
  /// How many experts there are.
  public let experts: Int
  /// Neurons of each.
  public let size: Int
  /// (experts · size): the neurons of the layer as it was, expert after expert; a permutation.
  public let order: [Int]

  /// A split from the order of the neurons.
  ///
  /// - Parameters:
  ///   - order: each of `0 ..< order.count` once.
  ///   - experts: divides them into equal parts.
  public init(order: [Int], experts: Int) {
    precondition(
      experts > 0 && order.count % experts == 0,
      "\(order.count) neurons in \(experts) experts"
    )
    var isTaken = [Bool](repeating: false, count: order.count)
    for neuron in order {
      precondition(order.indices.contains(neuron) && !isTaken[neuron], "neuron \(neuron)")
      isTaken[neuron] = true
    }
    self.order = order
    self.experts = experts
    size = order.count / experts
  }

  /// A split from a clustering: expert i has the neurons of cluster i, ascending.
  public init(_ clustering: BalancedClustering) {
    var members = [[Int]](repeating: [], count: clustering.clusters)
    for (neuron, cluster) in clustering.clusterOfRow.enumerated() {
      members[cluster].append(neuron)
    }
    self.init(order: members.flatMap { $0 }, experts: clustering.clusters)
  }

  /// Splits a layer by what its neurons look for: by rows of `gate`, or of `up` where there are no gates.
  ///
  /// - Parameters:
  ///   - layer: as many neurons as a multiple of `experts`.
  ///   - experts: at least 1.
  ///   - random: chooses where the clustering begins.
  public init(
    clustering layer: FeedForwardWeights,
    experts: Int,
    using random: inout some RandomNumberGenerator
  ) {
    let rows = Tensor(rowsOf: layer.detectors, at: Array(0 ..< layer.neurons))
    self.init(BalancedClustering(rows, clusters: experts, using: &random))
  }

  /// Neurons of one expert, as the layer was.
  public func neurons(of expert: Int) -> ArraySlice<Int> { order[places(of: expert)] }

  /// Where the neurons of one expert lie in a permuted layer.
  public func places(of expert: Int) -> Range<Int> {
    precondition(expert >= 0 && expert < experts, "expert \(expert) of \(experts)")
    return expert * size ..< (expert + 1) * size
  }

  /// The same layer with its neurons in order.
  ///
  /// Expert i owns neurons i · size up to (i + 1) · size. Numbers are moved, none changes.
  public func permuted(_ layer: FeedForwardWeights) -> FeedForwardWeights {
    precondition(layer.neurons == order.count, "\(layer.neurons) neurons, \(order.count) in order")
    return layer.selecting(order)
  }

  /// One expert of a layer as it was, by itself: without the bias of `down`.
  public func expert(_ index: Int, of layer: FeedForwardWeights) -> FeedForwardWeights {
    precondition(layer.neurons == order.count, "\(layer.neurons) neurons, \(order.count) in order")
    var expert = layer.selecting(Array(neurons(of: index)))
    expert.downBias = nil
    return expert
  }

  /// ‖Eᵢ(z)‖₂ of every expert of a permuted layer: what a router learns to predict.
  ///
  /// - Parameters:
  ///   - layer: permuted by this split.
  ///   - z: (rows, width).
  /// - Returns: (rows, experts).
  public func norms(of layer: FeedForwardWeights, _ z: Tensor) -> Tensor {
    precondition(layer.neurons == order.count, "\(layer.neurons) neurons, \(order.count) in order")
    let activations = layer.activations(z)
    let down = Tensor(rowsOf: layer.down, at: Array(0 ..< layer.down.outputs))
    var norms = Tensor(zeros: [z.rows, experts])
    for expert in 0 ..< experts {
      let own = places(of: expert)
      let output = activations.columns(own).timesTransposed(down.columns(own))
      for row in 0 ..< z.rows {
        let square = output.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }
        norms.values[row * experts + expert] = Float(square.squareRoot())
      }
    }
    return norms
  }
}

extension FeedForwardWeights {
  /// A layer of some of the neurons, in their order.
  fileprivate func selecting(_ neurons: [Int]) -> FeedForwardWeights {
    FeedForwardWeights(
      gate: gate?.selecting(neurons),
      gateBias: gateBias.map { bias in neurons.map { bias[$0] } },
      up: up.selecting(neurons),
      upBias: upBias.map { bias in neurons.map { bias[$0] } },
      down: down.selectingColumns(neurons),
      downBias: downBias,
      curve: curve
    )
  }
}

extension Matrix {
  /// A matrix of some of the columns: its column i is column `columns[i]` of this one.
  fileprivate func selectingColumns(_ columns: [Int]) -> Matrix {
    var picked: [Float] = []
    picked.reserveCapacity(outputs * columns.count)
    for output in 0 ..< outputs {
      let row = row(output)
      for column in columns { picked.append(row[column]) }
    }
    return Matrix(outputs: outputs, inputs: columns.count, values: picked)
  }
}

internal import Models
import Tensors

/// What all exits of a model say about a part of the data, by each method and with each choice of experts.
struct ExitReading: Sendable {
  /// τ of the experts; nil runs layers whole.
  let tau: Double?
  /// By method: answers, and what they cost.
  let simulations: [ExitMethod: ExitSimulation]

  /// Reads texts.
  ///
  /// - Parameters:
  ///   - texts: any number.
  ///   - labels: one of each.
  ///   - network: the model.
  ///   - experts: its experts; nil if it has none.
  ///   - tau: which of them run; nil runs layers whole.
  ///   - exits: taught.
  ///   - trainer: asks the heads.
  init(
    _ texts: [TokenizedText],
    labels: [Int],
    _ network: EncoderNetwork<Float>,
    _ experts: ExpertLayers?,
    tau: Double?,
    _ exits: TaughtExits,
    _ trainer: ExitTrainer
  ) {
    let routing = experts.flatMap { own in tau.map { Routing(own, .max($0)) } }
    let reading = EncoderReading(texts, network, routing, keepsRows: true, trainer.crew)
    let features = ExitFeatures(
      reading,
      exits.served,
      labels: labels,
      width: network.configuration.width
    )
    let cost = EncoderCost(network, routing == nil ? nil : experts)
    self.tau = tau
    simulations = exits.scores(features, trainer).reduce(into: [:]) { all, own in
      let stack = exits.stack(of: own.key)
      let costs = reading.lengths.indices.map { place in
        let runs = reading.runs.isEmpty ? nil : reading.runs[place]
        return cost.exits(tokens: reading.lengths[place], runs: runs, stack)
      }
      all[own.key] = ExitSimulation(logits: own.value, labels: labels, costsOfExamples: costs)
    }
  }
}

extension EncoderCost {
  /// What a text costs that leaves at each exit, and at the end; multiply-accumulates.
  func exits(tokens: Int, runs: [Int]?, _ stack: ExitStack) -> [Double] {
    var costs = stack.layers.enumerated().map { exit, layers in
      body(tokens: tokens, layers: layers, runs: runs) + stack.cost(ofFirst: exit + 1)
    }
    let all = stack.cost(ofFirst: stack.heads.count)
    costs.append(body(tokens: tokens, layers: dense.layers, runs: runs) + all + dense.head)
    return costs.map { Double($0) }
  }
}

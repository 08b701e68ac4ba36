internal import Models
import Tensors

/// What all exits of a model say about a part of the data, by each method and with each choice of experts.
struct ExitReading: Sendable {
  /// τ of the experts; nil runs layers whole.
  let tau: Double?
  /// The right one of every text.
  let labels: [Int]
  /// By method: answers, and what they cost.
  let simulations: [ExitMethod: ExitSimulation]

  /// Reads texts, or takes what an earlier run read.
  ///
  /// - Parameters:
  ///   - texts: any number.
  ///   - labels: one of each.
  ///   - network: the model.
  ///   - experts: its experts; nil if it has none.
  ///   - tau: which of them run; nil runs layers whole.
  ///   - exits: taught.
  ///   - trainer: asks the heads.
  ///   - stages: where what was read is kept.
  ///   - name: what it is kept under.
  /// - Throws: `FormatError` if what was kept is another run's, or it cannot be written.
  init(
    _ texts: [TokenizedText],
    labels: [Int],
    _ network: EncoderNetwork<Float>,
    _ experts: ExpertLayers?,
    tau: Double?,
    _ exits: TaughtExits,
    _ trainer: ExitTrainer,
    _ stages: RunStages,
    _ name: String
  ) throws(FormatError) {
    let routing = experts.flatMap { own in tau.map { Routing(own, .max($0)) } }
    let width = network.configuration.width
    let kept = try stages.kept(name, "cascaded", "alone", "runs") {
      let reading = EncoderReading(texts, network, routing, keepsRows: true, trainer.crew)
      let features = ExitFeatures(reading, exits.served, labels: labels, width: width)
      return [exits.served, exits.plain].map {
        trainer.scores($0, features).values.map { Float($0) }
      } + [reading.runs.flatMap { $0.map { Float($0) } }]
    }
    func logits(_ values: [Float]) -> ExitLogits {
      ExitLogits(
        exits: exits.served.heads.count + 1,
        examples: texts.count,
        classes: exits.served.classes,
        values: values.map { Double($0) }
      )
    }
    let cost = EncoderCost(network, routing == nil ? nil : experts)
    let (runs, blocks) = (kept[2], network.blocks.count)
    (self.tau, self.labels) = (tau, labels)
    let scores = exits.scores(cascaded: logits(kept[0]), alone: logits(kept[1]))
    simulations = scores.reduce(into: [:]) { all, own in
      let stack = exits.stack(of: own.key)
      let costs = texts.indices.map { place in
        let run = runs.isEmpty ? nil : runs[place * blocks ..< (place + 1) * blocks]
        return cost.exits(
          tokens: texts[place].tokens.count,
          runs: run.map { $0.map { Int($0) } },
          stack
        )
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

import Inference
import Models
import Tensors
import Testing

@testable import Methods

/// The engine does with what was learned what was simulated when it was learned.
struct FrugalServingTests {
  private let fixture: FrugalFixture
  private let crew = Crew<Float>(count: 1)

  init() throws { fixture = try FrugalFixture() }

  private struct Answer {
    var label: String
    var macs: Int
  }

  private func served(_ model: ServedModel, _ text: TokenizedText, effort: Double) throws -> Answer
  {
    var engine = Engine(models: [model], clock: { .zero })
    let request = Request(
      id: SequenceID(1),
      tenant: "t",
      model: "m",
      task: .classify(EncodeParameters()),
      arrived: .zero,
      effort: effort
    )
    var emissions = engine.turn([
      .open(request), .input(request.id, .tokens(text.tokens), weight: 1), .endOfInput(request.id),
    ])
    while engine.hasWork { emissions += engine.turn([]) }
    var answer = Answer(label: "", macs: 0)
    for emission in emissions {
      switch emission {
      case .labels(_, _, let labels): answer.label = try #require(labels.first).label
      case .ended(_, let outcome, let bill):
        #expect(outcome == .finished(.complete))
        answer.macs = bill.work.macsTotal
      default: break
      }
    }
    #expect(engine.booksBalance)
    return answer
  }

  private func simulated(
    _ encoder: FrugalEncoder,
    _ texts: [TokenizedText],
    _ point: EffortCurve.Point
  ) throws -> [Answer] {
    let routing = encoder.experts.flatMap { own in point.tau.map { Routing(own, .max($0)) } }
    let network = encoder.network
    let reading = EncoderReading(texts, network, routing, keepsRows: true, crew)
    let cost = EncoderCost(network, routing == nil ? nil : encoder.experts)
    let names = network.configuration.labels
    guard let threshold = point.threshold, let stack = encoder.exits else {
      return texts.indices.map { place in
        let runs = routing == nil ? nil : reading.runs[place]
        let layers = network.layers.count
        let body = cost.body(tokens: reading.lengths[place], layers: layers, runs: runs)
        return Answer(
          label: names[reading.logits[place].largestPlace],
          macs: body + cost.dense.head
        )
      }
    }
    let features = ExitFeatures(
      reading,
      stack,
      labels: texts.map { _ in 0 },
      width: network.configuration.width
    )
    let logits = ExitTrainer(settings: ExitSettings(), crew: crew).scores(stack, features)
      .joined(by: stack.ensembles)
    return texts.indices.map { place in
      let beliefs = (0 ..< logits.exits).map { exit in
        softmax(logits.scores(exit: exit, example: place))
      }
      let classes = beliefs.map { $0.map { Float($0) }.largestPlace }
      let exit = ExitPolicy.confidence(threshold).exit(
        confidences: beliefs.map { $0.max() ?? 0 }[...],
        classes: classes[...]
      )
      let runs = routing == nil ? nil : reading.runs[place]
      let costs = cost.exits(tokens: reading.lengths[place], runs: runs, stack)
      return Answer(label: names[classes[exit]], macs: Int(costs[exit]))
    }
  }

  @Test func whatIsServedIsWhatWasSimulated() throws {
    var routers = RouterSettings()
    (routers.expertSize, routers.hidden, routers.epochs) = (16, 8, 10)
    let (experts, both) = ("\(fixture.folder)/experts", "\(fixture.folder)/both")
    var plan = fixture.plan
    plan.exitTaus = [nil, 0.05, 0.3, 0.7]
    _ = try ExpertsPass(model: fixture.fitted, fixture.set, baseline: nil, routers, plan)
      .run(to: experts, replacing: false)
    var exits = ExitSettings()
    exits.epochs = 2
    _ = try ExitsPass(model: experts, fixture.set, baseline: nil, exits, plan)
      .run(to: both, replacing: false)
    let checkpoint = try Checkpoint.open(path: both)
    let encoder = try FrugalEncoder(checkpoint, labels: fixture.set.labels)
    let model = try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32)
    let texts = try fixture.texts().test
    let curve = try #require(encoder.effort)
    // The curve of so small a model is short; other settings are tried through one of their own.
    let settings: [(Double?, Double?)] = [
      (0.05, nil), (0.3, nil), (nil, 0.4), (nil, 0.6), (0.05, 0.5), (0.3, 0.45), (0.7, 0.9),
    ]
    var points = curve.points
    for (tau, threshold) in settings {
      points.append(
        .init(tau: tau, threshold: threshold, accuracy: 0, agreement: 0.1, share: 0.5)
      )
    }
    for point in points {
      var own = checkpoint
      own.frugal?.effort = EffortCurve(
        candidates: [point].filter { $0.share < 1 },
        whole: .init(accuracy: 0, agreement: 1, share: 1)
      )
      let model =
        point.share < 1 ? try ServedModel(name: "m", checkpoint: own, weights: .f32) : model
      let wanted = try simulated(encoder, texts, point)
      var same = 0
      for (text, wanted) in zip(texts, wanted) {
        let found = try served(model, text, effort: point.share < 1 ? 0 : 1)
        // Sums of floats differ in their last bits, and a text on the edge may fall the other way.
        if found.label == wanted.label, found.macs == wanted.macs { same += 1 }
      }
      #expect(same >= texts.count - 1, "\(point): \(same) of \(texts.count)")
    }
  }
}

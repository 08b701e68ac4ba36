import Models
import Tensors
import Testing

@testable import Methods

/// METHODS §2(e), on a whole fitted model.
struct RoutingTests {
  private let fixture: FrugalFixture
  private let crew = Crew<Float>(count: 2)

  init() throws { fixture = try FrugalFixture() }

  private func distance(_ a: [[Float]], _ b: [[Float]]) -> Float {
    zip(a, b).reduce(0) { worst, pair in
      zip(pair.0, pair.1).reduce(worst) { max($0, abs($1.0 - $1.1)) }
    }
  }

  @Test func withAllExpertsItIsTheModel() throws {
    let (network, experts) = try fixture.experts()
    let texts = try fixture.texts().test
    let original = try FrugalEncoder(
      try Checkpoint.open(path: fixture.fitted),
      labels: fixture.set.labels
    ).network
    let whole = EncoderReading(texts, original, nil, crew)
    for judge in [Routing.Judge.routers, .oracle] {
      let all = EncoderReading(texts, network, Routing(experts, .max(0), judge: judge), crew)
      #expect(distance(all.logits, whole.logits) < 1e-5)
      for (place, runs) in all.runs.enumerated() {
        let pairs = texts[place].tokens.count * experts.count
        #expect(runs == .init(repeating: pairs, count: network.layers.count))
      }
      let cost = EncoderCost(network, experts)
      let rows = texts.reduce(0) { $0 + $1.tokens.count } * network.layers.count
      let tokens = texts.reduce(0) { $0 + cost.whole(tokens: $1.tokens.count) }
      let extra = Double(rows * experts.routers[0].shape.cost) / Double(tokens)
      #expect(abs(cost.share(all) - (1 + extra)) < 1e-12, "dense and routers, exactly")
    }
  }

  @Test func fewerRunTheHigherTheThreshold() throws {
    let (network, experts) = try fixture.experts()
    let texts = try fixture.texts().test
    var before = Int.max
    for tau in [0, 0.1, 0.3, 0.6, 0.9, 1] {
      let reading = EncoderReading(texts, network, Routing(experts, .max(tau)), crew)
      let pairs = reading.runs.reduce(0) { $0 + $1.reduce(0, +) }
      #expect(pairs <= before)
      before = pairs
      #expect(
        reading.tenths.allSatisfy { $0.reduce(0, +) == texts.reduce(0) { $0 + $1.tokens.count } }
      )
    }
    let rows = texts.reduce(0) { $0 + $1.tokens.count } * network.layers.count
    #expect(before == rows, "τ = 1 runs one expert a row")
  }

  /// With true norms and neurons of max(x, 0), experts that give nothing may go.
  @Test func anOracleLeavesOutOnlyWhatGivesNothing() throws {
    let (network, experts) = try fixture.experts()
    let texts = try fixture.texts().test
    let whole = EncoderReading(texts, network, nil, crew)
    let few = EncoderReading(texts, network, Routing(experts, .max(1e-7), judge: .oracle), crew)
    #expect(distance(few.logits, whole.logits) < 1e-4)
  }

  @Test func gramMatricesGiveTheNormsOfExperts() throws {
    let (network, experts) = try fixture.experts()
    let tape = Tape<Float>()
    tape.isRecording = false
    let layer = network.weights.layers[0]
    let own = FeedForwardWeights(layer, curve: .relu)
    let split = ExpertSplit(order: Array(0 ..< own.neurons), experts: experts.count)
    _ = network.hidden(TokenBatch(try fixture.texts().test.prefix(4)), tape) { pass in
      guard pass.layer == 0 else { return pass.neurons }
      let z = Tensor(
        shape: [pass.input.rows, pass.input.columns],
        values: pass.input.values
      )
      let truth = split.norms(of: own, z).values
      for (found, norm) in zip(experts.norms(pass, tape).values, truth) {
        #expect(abs(found - norm) < 1e-4 * max(1, norm))
      }
      return pass.neurons
    }
  }

  @Test func contributionsAreSharesOfWhatIsOn() throws {
    let (network, experts) = try fixture.experts()
    let tape = Tape<Float>()
    tape.isRecording = false
    _ = network.hidden(TokenBatch(try fixture.texts().test.prefix(4)), tape) { pass in
      let shares = experts.contributions(pass, tape)
      let neurons = pass.neurons.values
      for row in 0 ..< shares.rows {
        let own = shares.values[row * experts.count ..< (row + 1) * experts.count]
        #expect(abs(own.reduce(0, +) - 1) < 1e-5)
        let first = row * pass.neurons.columns
        let total = neurons[first ..< first + pass.neurons.columns].reduce(0, +)
        let last = neurons[first + pass.neurons.columns - 8 ..< first + pass.neurons.columns]
        #expect(abs((own.last ?? 0) - last.reduce(0, +) / total) < 1e-5)
      }
      return pass.neurons
    }
  }

  @Test func onlyRoutersLearn() throws {
    let (network, experts) = try fixture.experts()
    let before = network.parameters.map { $0.values.map(\.bitPattern) }
    let routers = experts.routers.map { $0.inner.values }
    var settings = RouterSettings()
    settings.epochs = 30
    settings.rate = 5e-3
    let texts = try fixture.texts().train
    let trainer = RouterTrainer(network, experts, texts, settings, crew)
    var losses: [Double] = []
    while let step = trainer.advance() { losses.append(step.loss) }
    #expect(losses.count == trainer.stepsTotal)
    let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
    #expect(last < 0.5 * first, "\(first) to \(last)")
    #expect(network.parameters.map { $0.values.map(\.bitPattern) } == before, "bit for bit")
    #expect(experts.routers.map { $0.inner.values } != routers)
  }

  @Test func routersAloneGetGradients() throws {
    let (network, experts) = try fixture.experts()
    let texts = Array(try fixture.texts().train.prefix(3))
    let trainer = RouterTrainer(network, experts, texts, RouterSettings(), crew)
    let tape = Tape<Float>()
    let tokens = texts.reduce(0) { $0 + $1.tokens.count }
    let loss = RouterTrainer.loss(network, experts, .norm, of: texts, tokens: tokens, tape)
    tape.backward(from: try #require(loss))
    #expect(!network.parameters.isEmpty)
    for parameter in network.parameters {
      #expect(tape.gradient(of: parameter) == nil, "\(parameter.name) is frozen")
    }
    #expect(!trainer.parameters.isEmpty)
    for parameter in trainer.parameters {
      let slopes = try #require(tape.gradient(of: parameter), "\(parameter.name)")
      #expect(slopes.contains { $0 != 0 }, "\(parameter.name)")
    }
  }

  @Test func routersGoOnBitForBit() throws {
    let texts = try fixture.texts().train
    var settings = RouterSettings()
    settings.epochs = 4
    func trainer() throws -> RouterTrainer {
      let (network, experts) = try fixture.experts()
      return RouterTrainer(network, experts, texts, settings, crew)
    }
    let whole = try trainer()
    while whole.advance() != nil {}
    let first = try trainer()
    for _ in 0 ..< 5 { _ = first.advance() }
    let place = "\(fixture.folder)/state"
    try TrainingState.save(first.run([("origin", "here")]), to: place)
    let second = try trainer()
    #expect(try TrainingState.resume(second.run([("origin", "here")]), from: place))
    while second.advance() != nil {}
    for (one, other) in zip(whole.parameters, second.parameters) {
      #expect(one.values.map(\.bitPattern) == other.values.map(\.bitPattern))
    }
    let third = try trainer()
    #expect(throws: FormatError.self) {
      try TrainingState.resume(third.run([("origin", "elsewhere")]), from: place)
    }
  }
}

import Foundation
import Models
import Tensors
import Testing

@testable import Methods

/// METHODS §2, stage 0, on a whole fitted model.
struct ProjectionsTests {
  private let fixture: FrugalFixture
  private let crew = Crew<Float>(count: 2)

  init() throws { fixture = try FrugalFixture() }

  private func fitted() throws -> EncoderNetwork<Float> {
    try EncoderNetwork(try Checkpoint.open(path: fixture.fitted))
  }

  /// W x = W relu(x) − W relu(−x): pairs of layers that give exactly what a linear map gives.
  private func replaced(_ network: EncoderNetwork<Float>) -> EncoderNetwork<Float> {
    let width = network.configuration.width
    let projections = network.layers.enumerated().map { index, layer in
      LayerProjections<Float> { part in
        let map = layer.linear(part).dense
        var (up, down) = ([Float](), [Float]())
        for row in 0 ..< 2 * width {
          for column in 0 ..< width {
            up.append(row == column ? 1 : row == column + width ? -1 : 0)
          }
        }
        for row in 0 ..< width { down += map.matrix.row(row) + map.matrix.row(row).map { -$0 } }
        let name = { Projection<Float>.name($0, part, index) }
        return Projection(
          up: DenseParameters(
            name("up"),
            Dense(
              matrix: Matrix(outputs: 2 * width, inputs: width, values: up),
              bias: [Float](repeating: 0, count: 2 * width)
            )
          ),
          down: DenseParameters(
            name("down"),
            Dense(
              matrix: Matrix(outputs: width, inputs: 2 * width, values: down),
              bias: map.bias
            )
          )
        )
      }
    }
    return EncoderNetwork(
      network.configuration,
      network.weights,
      labels: network.configuration.labels,
      problem: network.configuration.problem,
      projections: projections,
      seed: 0
    )
  }

  private func distance(_ a: [[Float]], _ b: [[Float]]) -> Float {
    zip(a, b).reduce(0) { worst, pair in
      zip(pair.0, pair.1).reduce(worst) { max($0, abs($1.0 - $1.1)) }
    }
  }

  @Test func pairsThatGiveTheSameMakeTheSameModel() throws {
    let whole = try fitted()
    let network = replaced(whole)
    let texts = try fixture.texts().test
    let linear = EncoderReading(texts, whole, nil, crew)
    let pairs = EncoderReading(texts, network, nil, crew)
    #expect(distance(linear.logits, pairs.logits) < 1e-4)
    #expect(network.blocks.count == 5 * whole.layers.count)
    #expect(network.blocks.last?.projection == nil)
    // Pairs of twice the width cost four times the linear map.
    let cost = EncoderCost(network)
    #expect(cost.projectionShare(pairs) == 4)
    #expect(cost.feedForwardShare(pairs) == 1)
    let rows = texts.reduce(0) { $0 + $1.tokens.count }
    let all = texts.reduce(0) { $0 + cost.whole(tokens: $1.tokens.count) }
    let extra = Double(3 * rows * whole.layers.count * cost.dense.projections) / Double(all)
    #expect(abs(cost.share(pairs) - (1 + extra)) < 1e-12)
  }

  @Test func theirExpertsAreAPermutationAndAllOfThemAreTheModel() throws {
    let network = replaced(try fitted())
    let sizes = network.blocks.map { $0.projection == nil ? 8 : 4 }
    let split = network.split(sizes: sizes, seed: 3)
    var random = SeededRandom(seed: 4)
    let routers = zip(split.blocks, sizes).map { block, size in
      let shape = RouterShape(
        width: network.configuration.width,
        hidden: 24,
        experts: block.neurons / size
      )
      return Router<Float>(freshFor: block.layer, projection: block.projection, shape, &random)
    }
    #expect(Set(routers.map(\.inner.name)).count == routers.count, "each has a name of its own")
    let experts = ExpertLayers(sizes: sizes, routers: routers, of: split)
    let texts = try fixture.texts().test
    let before = EncoderReading(texts, network, nil, crew)
    let after = EncoderReading(texts, split, Routing(experts, .max(0)), crew)
    #expect(distance(before.logits, after.logits) < 1e-4)
    for (block, own) in zip(network.blocks, split.blocks) {
      #expect(block.up.bias.values.sorted() == own.up.bias.values.sorted())
      #expect(block.down.weight.values.sorted() == own.down.weight.values.sorted())
    }
    let cost = EncoderCost(split, experts)
    let rows = texts.reduce(0) { $0 + $1.tokens.count }
    for (place, block) in split.blocks.enumerated() {
      let pairs = after.runs.reduce(0) { $0 + $1[place] }
      #expect(pairs == rows * (block.neurons / sizes[place]))
    }
    let router = Double(4 * cost.blocks[0].router) / Double(cost.dense.projections)
    #expect(abs((cost.projectionShare(after) ?? 0) - (4 + router)) < 1e-12)
    var pairs = Int.max
    for tau in [0.1, 0.5, 1] {
      let reading = EncoderReading(texts, split, Routing(experts, .max(tau)), crew)
      let sum = reading.runs.reduce(0) { $0 + $1.reduce(0, +) }
      #expect(sum <= pairs)
      pairs = sum
    }
    #expect(pairs == rows * split.blocks.count, "τ = 1 runs one expert a row")
    let fixed = EncoderReading(texts, split, Routing(experts, .part(0.5)), crew)
    for (place, block) in split.blocks.enumerated() {
      let count = fixed.runs.reduce(0) { $0 + $1[place] }
      #expect(count == rows * (block.neurons / sizes[place] / 2), "half of each block's")
    }
  }

  @Test func pairsLearnWhatLinearMapsGiveAndNothingElseChanges() throws {
    let network = try fitted()
    let before = network.parameters.map { $0.values.map(\.bitPattern) }
    var settings = ProjectionSettings()
    settings.epochs = 40
    settings.rate = 5e-3
    settings.neurons = 2 * network.configuration.width
    settings.sparsityWeight = 0
    let texts = try fixture.texts()
    let trainer = ProjectionTrainer(network, texts.train, settings, crew)
    let fresh = trainer.errors(of: texts.choose).flatMap { $0 }
    while trainer.advance() != nil {}
    let taught = trainer.errors(of: texts.choose).flatMap { $0 }
    #expect(taught.count == 4 * network.layers.count)
    for (lost, most) in zip(taught, fresh) { #expect(lost < 0.3 * most, "\(lost) of \(most)") }
    #expect(network.parameters.map { $0.values.map(\.bitPattern) } == before, "bit for bit")
  }

  @Test func teachingPairsGoesOnBitForBit() throws {
    let texts = try fixture.texts().train
    func trainer() throws -> ProjectionTrainer {
      ProjectionTrainer(try fitted(), texts, ProjectionSettings(), crew)
    }
    let whole = try trainer()
    while whole.advance() != nil {}
    let first = try trainer()
    for _ in 0 ..< 4 { _ = first.advance() }
    let place = "\(fixture.folder)/state"
    try TrainingState.save(first.run(origin: "here"), to: place)
    let second = try trainer()
    #expect(try TrainingState.resume(second.run(origin: "here"), from: place))
    while second.advance() != nil {}
    for (one, other) in zip(whole.parameters, second.parameters) {
      #expect(one.values.map(\.bitPattern) == other.values.map(\.bitPattern))
    }
  }

  @Test func neuronsCostWhatTheLinearMapCosts() {
    #expect(ProjectionSettings().neurons(width: 384) == 192)
    #expect(ProjectionSettings().neurons(width: 768) == 384)
    var own = ProjectionSettings()
    own.neurons = 100
    #expect(own.neurons(width: 384) == 100)
  }

  /// Both means count alike, however many of each there are.
  @Test func thePenaltyIsTheMeanOverLayersAndTheMeanOverProjections() {
    let tape = Tape<Float>()
    let grid = tape.input([1, 1, 1, 1] as [Float], rows: 2, columns: 2)
    func pass(_ part: ProjectionPart?) -> FeedForwardPass<Float> {
      FeedForwardPass(
        block: 0,
        layer: 0,
        projection: part,
        input: grid,
        raised: grid,
        neurons: grid
      )
    }
    let penalty = SparsityPenalty(.hoyer, weight: 1)
    #expect(penalty.penalty([pass(nil)], tape).scalar == 1)
    let both = [pass(.query), pass(.key), pass(.value), pass(.output), pass(nil)]
    #expect(abs(penalty.penalty(both, tape).scalar - 2) < 1e-6)
  }

  @Test func fromReplacedProjectionsToExitsAndNobodyElseReadsThem() throws {
    let place = { (name: String) in "\(fixture.folder)/\(name)" }
    var plan = fixture.plan
    plan.tokensMax = 64
    var replacing = ProjectionSettings()
    replacing.epochs = 40
    replacing.rate = 5e-3
    let pairs = try ProjectionsPass(model: fixture.fitted, fixture.set, replacing, plan)
      .run(to: place("pairs"), replacing: false)
    #expect(pairs["errors"]?.items?.count == 3)
    #expect(throws: FormatError.self) { try Checkpoint.open(path: place("pairs")) }
    #expect(throws: FormatError.self) {
      try ProjectionsPass(model: place("pairs"), fixture.set, ProjectionSettings(), plan)
    }
    var settings = FitSettings()
    settings.epochs = 10
    settings.rate = 2e-3
    settings.sparsity = SparsityPenalty(.hoyer, weight: 0.1)
    let outcome = try EncoderFit(
      model: place("pairs"),
      fixture.set,
      teacher: fixture.fitted,
      settings
    ).run(to: place("sparse"), replacing: false)
    #expect(outcome.test.share > 0.8)
    #expect(outcome.report["activity"]?.items?.count == 15)
    let first = try EncoderNetwork<Float>(try Checkpoint.open(path: place("pairs"), toLearn: true))
    let second = try EncoderNetwork<Float>(
      try Checkpoint.open(path: place("sparse"), toLearn: true)
    )
    #expect(first.layers[0].query.weight.values == second.layers[0].query.weight.values)
    let moved = { (network: EncoderNetwork<Float>) in
      network.layers[0].projections?.query.up.weight.values
    }
    #expect(moved(first) != moved(second))

    var routers = RouterSettings()
    routers.expertSize = 8
    routers.projectionExpertSize = 4
    routers.epochs = 10
    let experts = try ExpertsPass(
      model: place("sparse"),
      fixture.set,
      baseline: fixture.fitted,
      routers,
      plan
    ).run(to: place("experts"), replacing: false)
    let whole = experts["whole"]?["test"]?["sparse"]
    #expect(whole?["accuracy"]?.number == outcome.test.share)
    #expect(whole?["projection_share"]?.number != nil)
    let read = try FrugalEncoder(
      try Checkpoint.open(path: place("experts"), toLearn: true),
      labels: fixture.set.labels
    )
    #expect(
      read.experts?.sizes == [[4, 4, 4, 4, 8], [4, 4, 4, 4, 8], [4, 4, 4, 4, 8]].flatMap { $0 }
    )
    var exits = ExitSettings()
    exits.epochs = 3
    exits.ensembleEpochs = 2
    let together = try ExitsPass(
      model: place("experts"),
      fixture.set,
      baseline: fixture.fitted,
      exits,
      plan
    ).run(to: place("together"), replacing: false)
    #expect(together["finals"] != nil)
    #expect(throws: FormatError.self) {
      try Pack.write(place("together"), base: place("tiny"), to: place("pack"))
    }
  }
}

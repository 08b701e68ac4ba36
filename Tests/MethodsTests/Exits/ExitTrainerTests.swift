import Models
import Tensors
import Testing

@testable import Methods

/// METHODS §7(e), on rows of a fitted model.
struct ExitTrainerTests {
  private let fixture: FrugalFixture
  private let crew = Crew<Float>(count: 2)
  private let network: EncoderNetwork<Float>
  private let trainer: ExitTrainer

  init() throws {
    fixture = try FrugalFixture()
    network = try FrugalEncoder(
      try Checkpoint.open(path: fixture.fitted),
      labels: fixture.set.labels
    ).network
    var settings = ExitSettings()
    settings.batch = 16
    trainer = ExitTrainer(settings: settings, crew: crew)
  }

  private func features(_ stack: ExitStack, _ part: Dataset, _ texts: [TokenizedText])
    -> ExitFeatures
  {
    ExitFeatures(
      EncoderReading(texts, network, nil, keepsRows: true, crew),
      stack,
      labels: part.items.map { $0.labels[0] },
      width: network.configuration.width
    )
  }

  private func taught() throws -> TaughtExits {
    let texts = try fixture.texts()
    return try TaughtExits(
      layers: [1, 2],
      pooling: .first,
      { features($0, fixture.set.train, texts.train) },
      labels: fixture.set.train.items.map { $0.labels[0] },
      pooler: network.pooler,
      classes: 3,
      trainer
    )
  }

  @Test func theLastExitIsTheModelAndTheModelStays() throws {
    let before = network.parameters.map { $0.values.map(\.bitPattern) }
    let exits = try taught()
    let texts = try fixture.texts().test
    let rows = features(exits.served, fixture.set.test, texts)
    let reading = EncoderReading(texts, network, nil, crew)
    for (_, logits) in exits.scores(rows, trainer) {
      #expect(logits.exits == 3)
      for (place, own) in reading.logits.enumerated() {
        #expect(Array(logits.scores(exit: 2, example: place)) == own.map { Double($0) })
      }
    }
    #expect(network.parameters.map { $0.values.map(\.bitPattern) } == before, "bit for bit")
  }

  @Test func anExitIsTaughtByItsOwnLossAlone() throws {
    let exits = try taught().served
    let rows = features(exits, fixture.set.train, try fixture.texts().train)
    let tape = Tape<Float>()
    let places = Array(0 ..< 12)[...]
    let first = exits.heads[0].scores(rows.variable(places, exit: 0, tape), before: nil, tape)
    let second = exits.heads[1].scores(rows.variable(places, exit: 1, tape), before: first, tape)
    tape.backward(from: tape.crossEntropy(second, places.map { rows.labels[$0] }))
    for parameter in exits.heads[0].parameters {
      #expect(tape.gradient(of: parameter)?.allSatisfy { $0 == 0 } ?? true, "\(parameter.name)")
    }
    for parameter in exits.heads[1].parameters {
      #expect(tape.gradient(of: parameter)?.contains { $0 != 0 } == true, "\(parameter.name)")
    }
  }

  @Test func withoutCascadeColumnsItIsAPlainHead() throws {
    let head = try taught().served.heads[1]
    let width = network.configuration.width
    let (weight, classes) = (head.classifier.weight, 3)
    var plain: [Float] = []
    for row in 0 ..< classes {
      let first = row * (width + classes)
      plain += weight.values[first ..< first + width]
      weight.values.replaceSubrange(
        first + width ..< first + width + classes,
        with: [Float](repeating: 0, count: classes)
      )
    }
    let alone = ExitHead(
      pooler: head.pooler,
      norm: nil,
      classifier: DenseParameters(
        weight: Parameter("w", rows: classes, columns: width, values: plain),
        bias: head.classifier.bias
      )
    )
    let tape = Tape<Float>()
    let x = tape.input((0 ..< 5 * width).map { Float($0 % 13) / 13 - 0.5 }, rows: 5, columns: width)
    let before = tape.input((0 ..< 15).map { Float($0) }, rows: 5, columns: classes)
    let (cascaded, own) = (
      head.scores(x, before: before, tape).values, alone.scores(x, before: nil, tape).values
    )
    for (one, other) in zip(cascaded, own) { #expect(abs(one - other) < 1e-5) }
  }

  @Test func ensemblesAreNoWorseThanTheirExits() throws {
    let exits = try taught()
    let rows = features(exits.served, fixture.set.train, try fixture.texts().train)
    let all = exits.scores(rows, trainer)
    func loss(_ method: ExitMethod, _ exit: Int) throws -> Double {
      let logits = try #require(all[method])
      return (0 ..< rows.count).reduce(0) {
        $0 - logSoftmax(logits.scores(exit: exit, example: $1))[rows.labels[$1]]
      }
    }
    for exit in 0 ..< 2 {
      #expect(try loss(.zeroTimeWaste, exit) <= loss(.cascade, exit) * 1.001)
    }
  }

  @Test func sureTextsLeaveAndCountsAddUp() throws {
    let exits = try taught()
    let texts = try fixture.texts().test
    let labels = fixture.set.test.items.map { $0.labels[0] }
    let reading = try ExitReading(
      texts,
      labels: labels,
      network,
      nil,
      tau: nil,
      exits,
      trainer,
      .unkept,
      "test"
    )
    let simulation = try #require(reading.simulations[.zeroTimeWaste])
    let never = simulation.outcome(.confidence(1))
    #expect(never.counts == [0, 0, texts.count])
    #expect(never.right == Accuracy(network.logits(of: texts, crew), labels.map { [$0] }).right)
    let always = simulation.outcome(.confidence(0))
    #expect(always.counts == [texts.count, 0, 0])
    let cost = EncoderCost(network)
    let least = texts.reduce(0) {
      $0 + cost.body(tokens: $1.tokens.count, layers: 1, runs: nil) + exits.served.cost(ofFirst: 1)
    }
    #expect(abs(always.averageCost * Double(texts.count) - Double(least)) < 1e-6)
    let whole = texts.reduce(0) {
      $0 + cost.whole(tokens: $1.tokens.count) + exits.served.cost(ofFirst: 2)
    }
    #expect(abs(never.averageCost * Double(texts.count) - Double(whole)) < 1e-6)
    var before = 0.0
    for threshold in stride(from: 0, through: 1, by: 0.05) {
      let own = simulation.outcome(.confidence(threshold))
      #expect(own.averageCost >= before && own.counts.reduce(0, +) == texts.count)
      before = own.averageCost
    }
  }
}

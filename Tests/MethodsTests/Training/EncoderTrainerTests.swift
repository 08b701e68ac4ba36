import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Fine-tuning from texts to a directory, on a tiny model.
struct EncoderTrainerTests {
  private final class Folder {
    let path = NSTemporaryDirectory() + "mete-fit-\(UUID().uuidString)"

    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Texts whose label is the word that they begin with.
  private func examples(_ count: Int, _ network: EncoderNetwork<Float>) -> [TokenizedText] {
    var random = SeededRandom(seed: 5)
    return (0 ..< count).map { _ in
      let label = random.below(network.configuration.labels.count)
      let length = 3 + random.below(12)
      let rest = (0 ..< length).map { _ in Int32(10 + random.below(30)) }
      return TokenizedText(
        tokens: [2, Int32(4 + label)] + rest,
        types: .init(repeating: 0, count: length + 2),
        labels: [label]
      )
    }
  }

  private func network() throws -> EncoderNetwork<Float> {
    let checkpoint = try Checkpoint.open(path: Fixtures.path("models/bert-classifier"))
    let (configuration, weights) = try EncoderFolder.base(checkpoint)
    return EncoderNetwork(
      configuration,
      weights,
      labels: ["a", "b", "c"],
      problem: .singleLabel,
      seed: 3
    )
  }

  private var settings: FitSettings {
    var settings = FitSettings()
    settings.epochs = 6
    settings.batch = 16
    settings.rate = 2e-3
    settings.seed = 4
    return settings
  }

  @Test func aSimpleRuleIsLearned() throws {
    let network = try network()
    let examples = examples(300, network)
    var longer = settings
    longer.epochs = 20
    let trainer = EncoderTrainer(network, Array(examples[..<240]), longer)
    let unseen = Array(examples[240...])
    let before = Accuracy(trainer.logits(of: unseen), unseen.map(\.labels))
    while trainer.advance() != nil {}
    #expect(trainer.nextStep == trainer.stepsTotal)
    let after = Accuracy(trainer.logits(of: unseen), unseen.map(\.labels))
    #expect(before.share < 0.6)
    #expect(after.share > 0.9, "\(after.right) of \(after.count)")
  }

  /// As if the power had gone after the save: the second trainer knows only what lies on the disk.
  @Test func aRunThatGoesOnEndsWithTheSameBits() throws {
    let folder = try Folder()
    let whole = EncoderTrainer(try network(), examples(100, try network()), settings)
    var losses: [Double] = []
    while let step = whole.advance() { losses.append(step.loss) }
    let first = EncoderTrainer(try network(), examples(100, try network()), settings)
    let place = "\(folder.path)/run"
    for step in 0 ..< 23 {
      #expect(first.advance()?.loss == losses[step])
      if step == 9 || step == 16 { try TrainingState.save(first, to: place) }
    }
    let second = EncoderTrainer(try network(), examples(100, try network()), settings)
    #expect(try TrainingState.resume(second, from: place))
    #expect(second.nextStep == 17)
    var rest: [Double] = []
    while let step = second.advance() { rest.append(step.loss) }
    #expect(rest == Array(losses[17...]))
    for (one, other) in zip(whole.network.parameters, second.network.parameters) {
      #expect(one.values.map(\.bitPattern) == other.values.map(\.bitPattern), "\(one.name)")
    }
  }

  @Test func aStateOfAnotherRunIsRefused() throws {
    let folder = try Folder()
    let place = "\(folder.path)/run"
    let trainer = EncoderTrainer(try network(), examples(40, try network()), settings)
    #expect(try !TrainingState.resume(trainer, from: place), "there is none")
    _ = trainer.advance()
    try TrainingState.save(trainer, to: place)
    var others = settings
    others.rate = 1e-3
    let other = EncoderTrainer(try network(), examples(40, try network()), others)
    let error = #expect(throws: FormatError.self) {
      try TrainingState.resume(other, from: place)
    }
    #expect(error?.description.contains("rate 0.001") == true, "\(String(describing: error))")
    let fewer = EncoderTrainer(try network(), examples(39, try network()), settings)
    #expect(throws: FormatError.self, "other examples") {
      try TrainingState.resume(fewer, from: place)
    }
    let file = "\(place)/state.safetensors"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: file))
    #expect(throws: FormatError.self) { try TrainingState.resume(trainer, from: place) }
  }

  @Test func frozenPartsStayBitForBit() throws {
    let network = try network()
    network.wordEmbedding.isFrozen = true
    let before = network.wordEmbedding.values
    let trainer = EncoderTrainer(network, examples(40, network), settings)
    let head = network.classifier.weight.values
    _ = trainer.advance()
    _ = trainer.advance()
    #expect(network.wordEmbedding.values == before)
    #expect(network.classifier.weight.values != head)
  }

  /// Without dropout, gradients that add up over slices are those of the whole step.
  @Test func aStepInSlicesIsTheSameStep() throws {
    var (whole, sliced) = (settings, settings)
    whole.dropout = 0
    sliced.dropout = 0
    sliced.slices = 3
    let (one, other) = (
      EncoderTrainer(try network(), examples(64, try network()), whole),
      EncoderTrainer(try network(), examples(64, try network()), sliced)
    )
    for _ in 0 ..< 4 {
      let (a, b) = (try #require(one.advance()), try #require(other.advance()))
      #expect(abs(a.loss - b.loss) < 1e-4 && abs(a.norm - b.norm) < 1e-3 * a.norm)
      #expect(a.tokens == b.tokens)
    }
  }

  /// METHODS §2: the same rule is learned, and far fewer neurons are on than without the penalty.
  @Test(arguments: [SparsityPenalty.Measure.hoyer, .l1, .clampedL1])
  func aPenaltyTurnsNeuronsOff(measure: SparsityPenalty.Measure) throws {
    func activity(_ penalty: SparsityPenalty?) throws -> (share: Double, accuracy: Double) {
      let checkpoint = try Checkpoint.open(path: Fixtures.path("models/bert-classifier"))
      let (configuration, weights) = try EncoderFolder.base(checkpoint)
      let network = EncoderNetwork<Float>(
        configuration,
        weights,
        labels: ["a", "b", "c"],
        problem: .singleLabel,
        activation: .relu,
        seed: 3
      )
      var own = settings
      own.epochs = 20
      own.sparsity = penalty
      own.freezesEmbeddings = true
      let before = network.embeddings.map(\.values)
      let examples = examples(300, network)
      let trainer = EncoderTrainer(network, Array(examples[..<240]), own)
      while trainer.advance() != nil {}
      #expect(network.embeddings.map(\.values) == before, "embeddings are frozen")
      let unseen = Array(examples[240...])
      let shares = trainer.activity(of: unseen)
      return (
        shares.reduce(0, +) / Double(shares.count),
        Accuracy(trainer.logits(of: unseen), unseen.map(\.labels)).share
      )
    }
    let plain = try activity(nil)
    let sparse = try activity(SparsityPenalty(measure, weight: measure == .hoyer ? 1 : 0.5))
    #expect(plain.share > 0.3, "\(plain)")
    #expect(
      sparse.share < 0.6 * plain.share,
      "\(sparse.share) of the neurons, \(plain.share) without"
    )
    #expect(sparse.accuracy > 0.8, "\(sparse.accuracy)")
  }

  /// What each measure looks at: what neurons give, or what goes into them; divided by the neurons, averaged over layers.
  @Test func measuresAreOfNeuronsOrOfWhatGoesIn() {
    let tape = Tape<Float>()
    let passes = [[1, -20, 3, 0], [2, 2, -1, 4]].map { (raised: [Float]) in
      let raised = tape.input(raised, rows: 2, columns: 2)
      return FeedForwardPass(
        block: 0,
        layer: 0,
        projection: nil,
        input: raised,
        raised: raised,
        neurons: tape.curve(.relu, raised)
      )
    }
    func found(_ measure: SparsityPenalty.Measure) -> Float {
      SparsityPenalty(measure, weight: 1).penalty(passes, tape).scalar
    }
    func near(_ a: Float, _ b: Float) -> Bool { abs(a - b) < 1e-5 * max(1, abs(b)) }
    // Rows (1, 0), (3, 0), (2, 2), (0, 4): Hoyer 1, 1, 2, 1.
    #expect(near(found(.hoyer), (1 + 1.5) / 2 / 2))
    #expect(near(found(.l1), (2 + 4) / 2 / 2))
    // Above −10: (11, 0), (13, 10), (12, 12), (9, 14).
    #expect(near(found(.clampedL1), ((11 + 23) / 2 + (24 + 23) / 2) / 2 / 2))
    let second: [Float] = [1, 529 / 269, 2, 529 / 277]
    #expect(near(found(.clampedHoyer), second.reduce(0, +) / 2 / 2 / 2))
  }

  @Test func aPenaltysWeightRisesAndStays() {
    let penalty = SparsityPenalty(.hoyer, weight: 2, ramp: 0.5)
    #expect([0, 25, 50, 99].map { penalty.weight(step: $0, of: 100) } == [0, 1, 2, 2])
    #expect(SparsityPenalty(.l1, weight: 2, ramp: 0).weight(step: 0, of: 100) == 2)
  }

  @Test func aFittedModelIsADirectoryThatOpensAndAnswersTheSame() throws {
    let folder = try Folder()
    let data = "\(folder.path)/data"
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    let words = ["the", "rain", "calm"]
    for (part, count) in [("train", 60), ("choose", 20), ("test", 20)] {
      let lines = (0 ..< count).map {
        "{\"text\":\"\(words[$0 % 3]) \($0)\",\"label\":\"l\($0 % 3)\"}"
      }
      try lines.joined(separator: "\n").write(
        toFile: "\(data)/\(part).jsonl",
        atomically: true,
        encoding: .utf8
      )
    }
    let (set, _) = try LearningSet.open(folder: data)
    let model = "\(folder.path)/tiny"
    try TinyModels.writeBERT(to: model)
    var short = settings
    short.epochs = 2
    let target = "\(folder.path)/fitted"
    let fit = try EncoderFit(model: model, set, short)
    var steps: [Int] = []
    let outcome = try fit.run(to: target, replacing: false) { steps.append($0.step) }
    #expect(steps == Array(1 ... 8))
    #expect(outcome.test.count == 20)
    let opened = try Checkpoint.open(path: target)
    guard case .bert(let configuration, let weights) = opened.family else {
      throw FormatError(path: target, reason: "is no encoder")
    }
    #expect(configuration.labels == ["l0", "l1", "l2"])
    let reference = BertReference(configuration: configuration, weights: weights)
    let tokenizer = try #require(opened.tokenizer)
    let answers = set.test.items.map {
      reference.classify(tokenizer.encode(Array($0.text.utf8), addSpecial: true))
    }
    #expect(Accuracy(answers, set.test.items.map(\.labels)) == outcome.test)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "data", "fitted", "tiny",
      ]
    )
    #expect(throws: FormatError.self) { try fit.run(to: target, replacing: false) }
    #expect(throws: FormatError.self, "not ours to replace") {
      try fit.run(to: model, replacing: true)
    }
    #expect(throws: FormatError.self, "no encoder") {
      try EncoderFit(model: Fixtures.path("models/llama-f32"), set, short)
    }
  }
}

import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Fine-tuning beside PyTorch: Benchmarks/oracles/training_oracle.py.
struct EncoderTrainingTests {
  private func network<Number: Real>(_ type: Number.Type) throws -> EncoderNetwork<Number> {
    let checkpoint = try Checkpoint.open(path: Fixtures.path("models/bert-classifier"))
    guard case .bert(let configuration, let weights) = checkpoint.family else {
      throw FormatError(path: checkpoint.path, reason: "is no encoder")
    }
    return EncoderNetwork(
      configuration,
      weights,
      labels: configuration.labels,
      problem: .singleLabel,
      seed: 1
    )
  }

  private func golden() throws -> JSON {
    let path = Fixtures.path("golden/training/bert.json")
    return try JSON(parsing: Fixtures.bytes(path), path: path)
  }

  private func texts(_ step: JSON) throws -> [[Int32]] {
    try #require(step["texts"]?.items).map { try #require($0.items).map { Int32($0.integer ?? 0) } }
  }

  @Test func logitsAreTheReferences() throws {
    let network = try network(Double.self)
    let reference = BertReference(configuration: network.configuration, weights: network.weights)
    let tape = Tape<Double>()
    let texts = try texts(try #require(golden()["steps"]?.items?.first))
    var batch = TokenBatch()
    for text in texts { batch.add(text) }
    let logits = network.logits(batch, tape)
    for (row, text) in texts.enumerated() {
      let expected = reference.classify(text)
      for (column, value) in expected.enumerated() {
        #expect(abs(logits.values[row * logits.columns + column] - Double(value)) < 1e-5)
      }
    }
  }

  /// Twenty steps of a whole model: its losses in float64, and what float32 makes of them; on one tape and on two.
  @Test(arguments: [1, 2])
  func twentyStepsArePyTorchs(tapes: Int) throws {
    try train(Double.self, tapes: tapes, tolerance: 1e-9)
    try train(Float.self, tapes: tapes, tolerance: 1e-4)
  }

  private func train<Number: Real>(
    _ type: Number.Type,
    tapes: Int,
    tolerance: Double
  ) throws {
    let network = try network(type)
    let golden = try golden()
    let steps = try #require(golden["steps"]?.items)
    let settings = try #require(golden["settings"])
    let (rate, decay) = (settings["rate"]?.number ?? 0, settings["decay"]?.number ?? 0)
    let schedule = Schedule.linear(warmup: settings["warmup"]?.integer ?? 0)
    let optimizer = AdamW<Number>([
      .init(network.parameters.filter { $0.rows > 1 }, decay: decay),
      .init(network.parameters.filter { $0.rows == 1 }),
    ])
    let crew = Crew<Number>(count: tapes)
    #expect(steps.count == 20)
    for (number, step) in steps.enumerated() {
      let texts = try texts(step)
      let labels = try #require(step["labels"]?.items).map { $0.integer ?? 0 }
      let losses = Losses(count: tapes)
      crew.each { index, tape in
        let own = texts.indices.filter { $0 % tapes == index }
        var batch = TokenBatch()
        for text in own { batch.add(texts[text]) }
        let loss = tape.crossEntropy(network.logits(batch, tape), own.map { labels[$0] })
        let share = tape.scaled(loss, by: Number(own.count) / Number(texts.count))
        losses.set(index, Double(share.scalar))
        tape.backward(from: share)
      }
      let expected = try #require(step["loss"]?.number)
      let found = losses.total
      #expect(abs(found - expected) < tolerance * expected, "\(number): \(found), not \(expected)")
      let norm = optimizer.step(
        rate: rate * schedule.factor(step: number, of: steps.count),
        crew,
        normMax: settings["norm"]?.number
      )
      let length = try #require(step["norm"]?.number)
      #expect(abs(norm - length) < 10 * tolerance * length, "\(number): \(norm), not \(length)")
    }
    for member in try #require(golden["weights"]?.members) {
      let name = String(decoding: member.key, as: UTF8.self)
      let parameter = try #require(network.parameters.first { $0.name == name })
      let expected = try #require(member.value.items).compactMap(\.number)
      let pairs = zip(parameter.values, expected)
      #expect(pairs.allSatisfy { abs(Double($0) - $1) < tolerance }, "\(name) went elsewhere")
    }
  }
}

/// Losses of a crew's tapes: every thread writes its own.
private final class Losses: @unchecked Sendable {
  private let values: UnsafeMutableBufferPointer<Double>

  init(count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  func set(_ index: Int, _ value: Double) { values[index] = value }

  var total: Double { values.reduce(0, +) }
}

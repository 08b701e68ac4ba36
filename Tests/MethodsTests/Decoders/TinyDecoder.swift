import Models
import Support
import Tensors

@testable import Methods

/// A tiny language model, texts for it, and heads that differ from each other.
struct TinyDecoder {
  let configuration: LlamaConfiguration
  let weights: LlamaWeights

  init(_ fixture: String) throws { try self.init(path: Fixtures.path("models/\(fixture)")) }

  init(path: String) throws {
    let checkpoint = try Checkpoint.open(path: path)
    guard case .llama(let configuration, let weights) = checkpoint.family else {
      throw FormatError(path: path, reason: "is no language model")
    }
    self.configuration = configuration
    self.weights = weights
  }

  var pass: DecoderPass {
    DecoderPass(configuration, weights, tokensMax: min(64, configuration.positionsMax))
  }

  /// A tape that does not record.
  static var tape: Tape<Float> {
    let tape = Tape<Float>()
    tape.isRecording = false
    return tape
  }

  /// Random texts of these lengths.
  func texts(_ lengths: [Int], seed: UInt64 = 5) -> [[Int32]] {
    var random = SplitMix64(seed: seed)
    let vocabulary = UInt64(configuration.vocabulary)
    return lengths.map { (0 ..< $0).map { _ in Int32(random.next() % vocabulary) } }
  }

  func batch(_ texts: [[Int32]]) -> TokenBatch {
    var batch = TokenBatch()
    for text in texts { batch.add(text) }
    return batch
  }

  /// Heads after every layer, sure of some tokens and unsure of others.
  func heads(isJoined: Bool = true, classes: Int = 3, scale: Float = 30) -> TokenHeads<Float> {
    let heads = TokenHeads<Float>(
      layers: Array(1 ... configuration.layers),
      width: 2 * configuration.width,
      classes: classes,
      isJoined: isJoined,
      seed: 3
    )
    for parameter in heads.headParameters where parameter.name.hasSuffix("head.weight") {
      parameter.values = parameter.values.map { $0 * scale }
    }
    return heads
  }
}

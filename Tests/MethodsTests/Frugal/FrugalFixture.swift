import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// A tiny encoder that was fitted to a rule which words decide, in a folder of its own.
final class FrugalFixture {
  let folder: String
  let set: LearningSet
  /// What `mete fit` wrote.
  let fitted: String

  init() throws {
    folder = NSTemporaryDirectory() + "mete-frugal-\(UUID().uuidString)"
    let data = "\(folder)/data"
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    let words = ["the", "rain", "calm"]
    for (part, count) in [("train", 90), ("choose", 40), ("test", 40)] {
      let lines = (0 ..< count).map { place in
        let tail = (0 ..< place % 7).map { words[($0 * 5 + place) % 3] }.joined(separator: " ")
        return "{\"text\":\"\(words[place % 3]) \(tail)\",\"label\":\"l\(place % 3)\"}"
      }
      try lines.joined(separator: "\n").write(
        toFile: "\(data)/\(part).jsonl",
        atomically: true,
        encoding: .utf8
      )
    }
    set = try LearningSet.open(folder: data).set
    fitted = "\(folder)/fitted"
    try TinyModels.writeBERT(to: "\(folder)/tiny")
    var settings = FitSettings()
    settings.epochs = 8
    settings.rate = 2e-3
    settings.swapsToRelu = true
    _ = try EncoderFit(model: "\(folder)/tiny", set, settings).run(to: fitted, replacing: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The fitted model with its neurons in order of experts of 8, and fresh routers.
  func experts() throws -> (EncoderNetwork<Float>, ExpertLayers) {
    let encoder = try FrugalEncoder(try Checkpoint.open(path: fitted), labels: set.labels)
    let count = encoder.network.configuration.ffnWidth / 8
    let network = encoder.network.split(
      sizes: encoder.network.blocks.map { _ in 8 },
      seed: 1
    )
    let shape = RouterShape(width: network.configuration.width, hidden: 6, experts: count)
    var random = SeededRandom(seed: 2)
    let routers = network.layers.indices.map { Router<Float>(freshFor: $0, shape, &random) }
    return (network, ExpertLayers(sizes: routers.map { _ in 8 }, routers: routers, of: network))
  }

  /// A part's texts.
  func texts() throws -> FrugalTexts {
    try FrugalTexts(set, try Checkpoint.open(path: fitted), tokensMax: 64)
  }

  /// Small plans, for tests.
  var plan: FrugalPlan {
    var plan = FrugalPlan()
    plan.taus = [0.01, 0.1, 0.5]
    plan.shares = [0.25, 0.5]
    plan.exitTaus = [nil, 0.1]
    return plan
  }
}

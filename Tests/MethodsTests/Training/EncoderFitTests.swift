import Foundation
import Models
import Support
import Testing

@testable import Methods

/// `mete fit` learns from texts with several labels, and from pairs of texts.
struct EncoderFitTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let words = ["rain", "sun", "the", "a", "b"]

  private var settings: FitSettings {
    var settings = FitSettings()
    settings.epochs = 12
    settings.batch = 16
    settings.rate = 2e-3
    settings.seed = 4
    return settings
  }

  /// A folder of three parts, whose lines `row` makes.
  private func set(_ row: (inout SeededRandom) -> String) throws -> LearningSet {
    var random = SeededRandom(seed: 6)
    for (part, count) in [("train", 240), ("choose", 40), ("test", 80)] {
      let lines = (0 ..< count).map { _ in row(&random) }
      _ = try folder.write(Array(lines.joined(separator: "\n").utf8), to: "\(part).jsonl")
    }
    return try LearningSet.open(folder: folder.path).set
  }

  /// Fits a tiny encoder, and opens what was written.
  private func fit(_ set: LearningSet) throws -> (EncoderFit.Outcome, BertReference, Tokenizer) {
    let model = "\(folder.path)/tiny"
    try TinyModels.writeBERT(to: model)
    let target = "\(folder.path)/fitted"
    let outcome = try EncoderFit(model: model, set, settings).run(to: target, replacing: false)
    let opened = try Checkpoint.open(path: target)
    guard case .bert(let configuration, let weights) = opened.family else {
      throw FormatError(path: target, reason: "is no encoder")
    }
    let reference = BertReference(configuration: configuration, weights: weights)
    return (outcome, reference, try #require(opened.tokenizer))
  }

  /// Each label is a word that is there or not; some texts have both labels, some none.
  @Test func severalLabelsOfATextAreLearned() throws {
    let set = try set { random in
      let words = (0 ..< 2 + random.below(3)).map { _ in Self.words[random.below(5)] }
      let labels = [("rain", "wet"), ("sun", "hot")].filter { words.contains($0.0) }.map(\.1)
      let list = labels.map { "\"\($0)\"" }.joined(separator: ",")
      return "{\"text\":\"\(words.joined(separator: " "))\",\"label\":[\(list)]}"
    }
    #expect(set.train.isMultiple && set.labels.names == ["hot", "wet"])
    #expect(Set(set.test.items.map(\.labels)) == [[], [0], [1], [0, 1]])
    let (outcome, reference, tokenizer) = try fit(set)
    #expect(reference.configuration.problem == .multiLabel)
    #expect(outcome.test.share > 0.9, "\(outcome.test.right) of \(outcome.test.count)")
    // Each label is decided by itself: all that are right, and no other.
    let answers = set.test.items.map {
      reference.classify(tokenizer.encode(Array($0.text.utf8), addSpecial: true))
    }
    let right = zip(answers, set.test.items).count { logits, item in
      logits.indices.filter { logits[$0] > 0 } == item.labels
    }
    #expect(right == outcome.test.right)
  }

  /// The second text alone decides, and the same words in the first say nothing.
  @Test func pairsOfTextsAreLearned() throws {
    let words = ["rain", "sun", "the"]
    let set = try set { random in
      let (first, second) = (words[random.below(3)], words[random.below(3)])
      return "{\"text\":\"\(first) a\",\"pair\":\"\(second) b\",\"label\":\"\(second)\"}"
    }
    #expect(!set.train.isMultiple && set.test.items.allSatisfy { $0.pair != nil })
    let (outcome, reference, tokenizer) = try fit(set)
    #expect(reference.configuration.problem == .singleLabel)
    #expect(outcome.test.share > 0.9, "\(outcome.test.right) of \(outcome.test.count)")
    // As the daemon reads a pair: both texts, each in its segment.
    let answers = set.test.items.map { item in
      let both = tokenizer.encodePair(Array(item.text.utf8), Array((item.pair ?? "").utf8))
      return reference.classify(both.ids, types: both.types)
    }
    #expect(Accuracy(answers, set.test.items.map(\.labels)) == outcome.test)
  }
}

import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Experts of a language model whose weights stay as they are.
struct DecoderExpertsTests {
  private final class Folder {
    let path = NSTemporaryDirectory() + "mete-experts-\(UUID().uuidString)"
    let set: LearningSet
    var model: String { "\(path)/tiny" }

    init() throws {
      try FileManager.default.createDirectory(
        atPath: "\(path)/data",
        withIntermediateDirectories: true
      )
      for part in LearningSet.parts {
        let lines = (0 ..< 12).map {
          "{\"text\":\"\(part) and rain \($0) over the hills\",\"label\":\"a\"}"
        }
        try lines.joined(separator: "\n").write(
          toFile: "\(path)/data/\(part).jsonl",
          atomically: true,
          encoding: .utf8
        )
      }
      set = try LearningSet.open(folder: "\(path)/data").set
      try TinyModels.writeLlama(to: "\(path)/tiny")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private var settings: RouterSettings {
    var settings = RouterSettings()
    (settings.expertSize, settings.hidden, settings.epochs) = (8, 8, 300)
    settings.rate = 5e-3
    return settings
  }

  private func model(_ folder: Folder) throws -> (LlamaConfiguration, LlamaWeights) {
    let checkpoint = try Checkpoint.open(path: folder.model)
    guard case .llama(let configuration, let weights) = checkpoint.family else {
      throw FormatError(path: folder.model, reason: "is no llama")
    }
    return (configuration, weights)
  }

  @Test func withAllExpertsItSaysTheSame() throws {
    let folder = try Folder()
    let (configuration, weights) = try model(folder)
    let (split, orders) = weights.split(experts: 8, curve: .silu, seed: 1) { _ in }
    #expect(orders.allSatisfy { $0.sorted() == Array(0 ..< configuration.ffnWidth) })
    #expect(orders[0] != Array(0 ..< configuration.ffnWidth))
    let pass = DecoderPass(configuration, split, tokensMax: 64)
    let head = VocabularyHead(configuration, weights)
    let shape = RouterShape(width: configuration.width, hidden: 8, experts: 8)
    var random = SeededRandom(seed: 3)
    let experts = ExpertLayers(
      sizes: pass.layers.map { _ in configuration.ffnWidth / 8 },
      routers: pass.layers.indices.map { Router<Float>(freshFor: $0, shape, &random) },
      downs: pass.layers.map(\.down.weight)
    )
    let texts: [[Int32]] = [[3, 9, 4, 7, 20], [5, 5, 6], [40, 2, 8, 1]]
    let crew = Crew<Float>(count: 2)
    let original = NextTokens(
      texts,
      DecoderPass(configuration, weights, tokensMax: 64),
      head,
      nil,
      crew
    )
    for routing in [
      nil, Routing(experts, .max(0)), Routing(experts, .top(8), judge: .oracle),
    ] {
      let own = NextTokens(texts, pass, head, routing, crew)
      #expect(zip(own.losses, original.losses).allSatisfy { abs($0 - $1) < 1e-4 })
      #expect(own.likeliest == original.likeliest && own.rows == 12)
      #expect(own.pairs == (routing == nil ? 0 : 12 * 8 * pass.layers.count))
    }
    #expect(original.losses.count == 9)
    let reference = LlamaReference(configuration: configuration, weights: weights)
    let logits = reference.logits(texts[0])
    let row = logits.row(0)
    let shift = log(row.reduce(0.0) { $0 + exp(Double($1)) })
    #expect(abs(original.losses[0] - (shift - Double(row[9]))) < 1e-4)
    let one = NextTokens(texts, pass, head, Routing(experts, .max(1)), crew)
    #expect(one.pairs == 12 * pass.layers.count)
  }

  @Test func routersLearnAndTheModelStays() throws {
    let folder = try Folder()
    let file = "\(folder.model)/model.safetensors"
    let before = try Data(contentsOf: URL(fileURLWithPath: file))
    var limits = DecoderExpertsPass.Limits()
    (limits.trainTokens, limits.testTokens) = (200, 100)
    let target = "\(folder.path)/experts"
    let result = try DecoderExpertsPass(model: folder.model, folder.set, settings, limits)
      .run(to: target, replacing: false)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    let errors = (result["router_errors"]?.items ?? []).compactMap(\.number)
    #expect(errors.count == 3 && errors.allSatisfy { $0 < 1 }, "better than the mean: \(errors)")
    let points = try #require(result["test"]?.items)
    func shares(_ name: String) -> [Double] {
      points.filter { $0["name"]?.text == name }.compactMap { $0["ffn_share"]?.number }
    }
    for (name, count) in [
      ("max", limits.taus.count), ("oracle", limits.taus.count),
      ("share", limits.contributions.count), ("oracle_share", limits.contributions.count),
      ("top", limits.shares.count),
    ] {
      #expect(shares(name).count == count)
      let isFewerByLevel = name == "max" || name == "oracle"
      #expect(shares(name) == shares(name).sorted { isFewerByLevel ? $0 > $1 : $0 < $1 })
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: target).sorted()
        == ["experts.json", "frugal.json", "frugal.safetensors", "report.html"]
    )
    #expect(throws: FormatError.self, "it is there") {
      try DecoderExpertsPass(model: folder.model, folder.set, settings, limits)
        .run(to: target, replacing: false)
    }
    #expect(throws: FormatError.self, "not ours to replace") {
      try DecoderExpertsPass(model: folder.model, folder.set, settings, limits)
        .run(to: folder.model, replacing: true)
    }
  }

  /// A copy of what is kept beside the folder, made while a run goes on, is what a kill at that moment leaves.
  @Test func anInterruptedRunGoesOn() throws {
    let folder = try Folder()
    var limits = DecoderExpertsPass.Limits()
    (limits.trainTokens, limits.testTokens) = (200, 100)
    func run(_ name: String, _ hears: @escaping (FrugalProgress) -> Void = { _ in }) throws {
      _ = try DecoderExpertsPass(model: folder.model, folder.set, settings, limits)
        .run(to: "\(folder.path)/\(name)", replacing: false, hears: hears)
    }
    var copies: [String] = []
    try run("whole") { progress in
      guard progress.what != "clustering neurons" else { return }
      copies.append("\(progress.what) \(progress.step)")
      try? FileManager.default.copyItem(
        atPath: "\(folder.path)/whole.run",
        toPath: "\(folder.path)/\(copies[copies.count - 1]).run"
      )
    }
    #expect(copies.contains("teaching routers 2") && copies.contains("measuring 5"), "\(copies)")
    func lines(_ run: String, _ name: String) -> [Substring] {
      String(decoding: Fixtures.bytes("\(folder.path)/\(run)/\(name)"), as: UTF8.self)
        .split(separator: "\n").filter { !$0.contains("\"seconds\":") }
    }
    for copy in copies.dropLast() {
      try run(copy)
      for name in ["experts.json", "frugal.json", "frugal.safetensors"] {
        #expect(lines(copy, name) == lines("whole", name), "\(name) of \(copy)")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/\(copy).run"))
    }
    // The last copy holds everything, and what is cut off in it is found: it is taken, not made again.
    let last = try #require(copies.last)
    for part in ["rows-0", "router-1", "setting-3"] {
      let file = "\(folder.path)/\(last).run/\(part)/numbers.safetensors"
      let bytes = Fixtures.bytes(file)
      try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: file))
      #expect(throws: FormatError.self, "\(part)") { try run(last) }
      try Data(bytes).write(to: URL(fileURLWithPath: file))
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let folder = try Folder()
    var (own, limits) = (settings, DecoderExpertsPass.Limits())
    own.expertSize = 7
    let size = #expect(throws: FormatError.self) {
      try DecoderExpertsPass(model: folder.model, folder.set, own, limits)
    }
    #expect(size?.description.contains("experts of 7") == true)
    limits.trainTokens = 1 << 40
    let much = #expect(throws: FormatError.self) {
      try DecoderExpertsPass(model: folder.model, folder.set, settings, limits)
    }
    #expect(much?.description.contains("fewer tokens") == true)
    #expect(throws: FormatError.self, "no language model") {
      try DecoderExpertsPass(
        model: Fixtures.path("models/bert-classifier"),
        folder.set,
        settings,
        .init()
      )
    }
  }
}

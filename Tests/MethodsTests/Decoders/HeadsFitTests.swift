import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// From a model and texts to a folder.
struct HeadsFitTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = "\(folder.path)/llama"
    try TinyModels.writeLlama(to: model)
  }

  /// Texts whose first letters tell their label.
  private func set(_ counts: [Int] = [60, 30, 30]) throws -> LearningSet {
    var random = SplitMix64(seed: 8)
    let words = [["rain", "storm"], ["sun", "warm"]]
    let parts = try counts.map { count in
      try Dataset(
        (0 ..< count).map { place in
          let label = place % 2
          let text = (0 ..< 4).map { _ in words[label][Int(random.next() % 2)] }
          return Example(text: text.joined(separator: " "), labels: ["\(label)"])
        },
        name: "part"
      )
    }
    return LearningSet(train: parts[0], choose: parts[1], test: parts[2])
  }

  private var settings: HeadSettings {
    var settings = HeadSettings()
    settings.every = 1
    settings.epochs = 40
    settings.batch = 16
    settings.rate = 1e-2
    settings.decay = 0.1
    settings.thresholds = [0, 0.6, 0.9]
    return settings
  }

  @Test func whatIsTaughtIsReadBack() throws {
    let target = "\(folder.path)/heads"
    let set = try set()
    let fit = try HeadsFit(model: model, set, settings)
    var stages: [String] = []
    let outcome = try fit.run(to: target, replacing: false) { progress in
      if stages.last != progress.stage { stages.append(progress.stage) }
      #expect(progress.done <= progress.total)
    }
    #expect(stages.first == "reading" && stages.count > 4)
    #expect(outcome.full.accuracy > 0.9 && outcome.chosen.accuracy > 0.85, "\(outcome)")
    let taught = try HeadsFolder.open(target)
    #expect(taught.heads.layers == [1, 2, 3] && taught.labels == ["0", "1"])
    #expect(taught.chosen[.propagate] == outcome.chosen.rule && taught.heads.isJoined)
    #expect(taught.chosen[.defer] == outcome.rows[1].outcome.rule)
    let checkpoint = try Checkpoint.open(path: model)
    #expect(taught.modelSHA256 == checkpoint.sha256())
    let depth = ExitRule.fullDepth(exits: 3)
    #expect(taught.curve.contains { $0.rule == depth && $0.policy == .propagate && $0.macs == 1 })
    let grid = ExitRule.grid(settings.thresholds, exits: 3)
    #expect(grid.count == 7)
    #expect(taught.curve.filter { $0.policy == .defer }.map(\.rule) == grid)
    // The heads in the file give the figures in the report.
    let reader = TextTokenizer(try #require(checkpoint.tokenizer), tokensMax: 128)
    let texts = reader.texts(set.test).texts
    let policy = DecoderPolicyPass(try TinyDecoder(path: model).pass128, taught.heads)
    let batch = TokenBatch(texts)
    let rule = try #require(taught.chosen[.propagate])
    let found = policy.propagate(batch, [rule], TinyDecoder.tape)
    let right = found[0].isRight(texts.map { $0.labels[0] })
    #expect(PolicyOutcome.share(right) == outcome.chosen.accuracy)
    let page = String(decoding: Fixtures.bytes("\(target)/report.html"), as: UTF8.self)
    #expect(page.contains(rule.words(layers: [1, 2, 3])))
    #expect(page.contains("plain heads (SDN), always") && page.contains("<dd>part</dd>"))
    #expect(page.contains("full depth, 100.0 %"), "\(outcome.full)")
    let report = try JSON(parsing: Fixtures.bytes("\(target)/fit.json"), path: target)
    #expect(report == outcome.report && report["test_policies"]?.items?.count == 4)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["llama", "heads"])
  }

  @Test func theSameSeedTeachesTheSame() throws {
    var small = settings
    small.epochs = 2
    var files: [[UInt8]] = []
    for name in ["a", "b"] {
      let fit = try HeadsFit(model: model, try set([20, 8, 8]), small)
      _ = try fit.run(to: "\(folder.path)/\(name)", replacing: false)
      files.append(Fixtures.bytes("\(folder.path)/\(name)/heads.safetensors"))
    }
    #expect(files[0] == files[1] && !files[0].isEmpty)
  }

  /// A copy of what is kept beside the folder, made while a run goes on, is what a kill at that moment leaves.
  @Test func anInterruptedRunGoesOn() throws {
    var small = settings
    small.epochs = 3
    // More texts than a round of batches takes.
    let set = try set([1_200, 60, 60])
    func run(_ name: String, _ hears: (HeadsFit.Progress) -> Void = { _ in }) throws {
      let fit = try HeadsFit(model: model, set, small)
      _ = try fit.run(to: "\(folder.path)/\(name)", replacing: false, hears: hears)
    }
    var copies: [String] = []
    try run("whole") { progress in
      guard progress.done == 1 || !progress.stage.hasPrefix("teaching") else { return }
      copies.append("copy\(copies.count)")
      try? FileManager.default.copyItem(
        atPath: "\(folder.path)/whole.run",
        toPath: "\(folder.path)/\(copies[copies.count - 1]).run"
      )
    }
    #expect(copies.count > 6 && !FileManager.default.fileExists(atPath: "\(folder.path)/whole.run"))
    func lines(_ run: String, _ name: String) -> [Substring] {
      String(decoding: Fixtures.bytes("\(folder.path)/\(run)/\(name)"), as: UTF8.self)
        .split(separator: "\n").filter { !$0.contains("\"seconds\":") }
    }
    for copy in copies.dropLast() {
      try run(copy)
      for name in ["heads.safetensors", "heads.json", "fit.json"] {
        #expect(lines(copy, name) == lines("whole", name), "\(name) of \(copy)")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/\(copy).run"))
    }
    // The last copy holds all: rows are taken from it, for what is cut off is found, and another seed's refused.
    let last = try #require(copies.last)
    small.seed = 1
    let other = #expect(throws: FormatError.self) { try run(last) }
    #expect(other?.description.contains("is of another run, with settings") == true)
    small.seed = 0
    let file = "\(folder.path)/\(last).run/rows-0/numbers.safetensors"
    let bytes = Fixtures.bytes(file)
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: file))
    #expect(throws: FormatError.self) { try run(last) }
  }

  /// Stage by stage: the backbone never moves, its own head not after the first stage, heads not while ensembles learn; and
  /// an ensemble ends no worse than its head on what it learned from.
  @Test func whatIsFrozenStays() throws {
    let tiny = try TinyDecoder(path: model)
    let pass = tiny.pass
    let before = pass.parameters.map(\.values)
    let reader = TextTokenizer(try #require(Checkpoint.open(path: model).tokenizer), tokensMax: 64)
    let texts = reader.texts(try set().train).texts
    let crew = Crew<Float>(count: 2)
    var features = try TokenFeatures(pass, texts, layers: [1, 2, 3], crew) { _ in }
    features.standardize()
    let trainer = HeadTrainer(settings: settings, crew: crew, features: features, classes: 2)
    let plain = try trainer.plain(layers: [1, 2, 3]) { _, _, _ in }
    let last = plain.maps[2].weight.values
    let joined = try trainer.joined(plain) { _, _, _ in }
    #expect(!joined.headParameters.contains { !$0.isFrozen })
    #expect(joined.maps[2].weight.values == last && plain.maps[2].weight.values == last)
    #expect(pass.parameters.map(\.values) == before)
    let tape = TinyDecoder.tape
    let all = Array(texts.indices)[...]
    let loss = TokenLoss(features, classes: 2, .tokens)
    var logits: [Variable<Float>] = []
    for exit in 0 ..< 2 {
      let x = features.variable(all, exit: exit, tape)
      logits.append(joined.logits(exit: exit, x, before: logits.last, tape))
      let scores = joined.scores(exit: exit, logits, tape)
      let whole = loss.weight(of: all)
      let own = loss([logits[exit]], all, whole: whole, tape).scalar
      let ensemble = loss([scores], all, whole: whole, tape).scalar
      #expect(ensemble <= own + 0.02, "exit \(exit): \(ensemble), its head \(own)")
    }
  }

  @Test func refusalsNameTheReason() throws {
    func refusal(_ set: LearningSet, _ settings: HeadSettings, model: String? = nil) -> String {
      do {
        _ = try HeadsFit(model: model ?? self.model, set, settings)
        return ""
      } catch { return "\(error)" }
    }
    var deep = settings
    deep.layers = [1, 9]
    #expect(refusal(try set(), deep).contains("layers names 9; the model has 1 to 3"))
    var shallow = settings
    shallow.every = 3
    #expect(refusal(try set(), shallow).contains("no exit stands before the last of 3"))
    var several = try set()
    several.choose.items[3].labels = [0, 1]
    #expect(refusal(several, settings).contains("has 2 labels at example 4"))
    let encoder = Fixtures.path("models/bert-classifier")
    #expect(refusal(try set(), settings, model: encoder).contains("need a language model"))
    let target = "\(folder.path)/taken"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
    #expect(throws: FormatError.self) {
      try HeadsFolder.kind.isReplaceable(target, replacing: false)
    }
    #expect(throws: FormatError.self) {
      try HeadsFolder.kind.isReplaceable(target, replacing: true)
    }
  }

  @Test func exitsStandWhereTheyAreAskedFor() throws {
    var settings = HeadSettings()
    #expect(try settings.exits(of: 30) == [5, 10, 15, 20, 25, 30])
    #expect(try settings.exits(of: 12) == [5, 10, 12])
    settings.layers = [4, 8]
    #expect(try settings.exits(of: 12) == [4, 8, 12])
    settings.layers = [8, 4]
    #expect(throws: SettingFault.self) { try settings.exits(of: 12) }
    settings.layers = [12]
    #expect(throws: SettingFault.self) { try settings.exits(of: 12) }
  }

  @Test func settingsNameTheirLimits() {
    #expect(HeadSettings().fault == nil)
    var settings = HeadSettings()
    for thresholds in [[0, 0.5, 0.4], [0.5, 0.6], [0, 1], []] {
      settings.thresholds = thresholds
      #expect(settings.fault?.hasPrefix("thresholds are \(thresholds), not ascending") == true)
    }
    settings = HeadSettings()
    settings.rate = 0
    #expect(settings.fault == "rate is 0.0, not above 0.0 and at most 1.0")
  }

  /// What a server does by default is written where it was asked for, and nowhere else.
  @Test func thePolicyOfStreamsIsWrittenAndRead() throws {
    var small = settings
    small.epochs = 1
    for policy in [nil] + StreamPolicy.allCases.map(Optional.some) {
      small.policy = policy
      let target = "\(folder.path)/heads-\(policy?.rawValue ?? "silent")"
      _ = try HeadsFit(model: model, try set([20, 8, 8]), small).run(to: target, replacing: false)
      let path = "\(target)/heads.json"
      let json = try JSON(parsing: Fixtures.bytes(path), path: path)
      #expect(json["policy"]?.text == policy?.rawValue)
      #expect(try HeadsFolder.open(target).policy == policy)
      let exits = try TokenExits(folder: target)
      #expect(exits.policy(asked: nil) == policy ?? .defer)
      #expect(exits.policy(asked: .propagate) == .propagate)
    }
    let path = "\(folder.path)/heads-defer/heads.json"
    let json = String(decoding: Fixtures.bytes(path), as: UTF8.self)
    for wrong in ["\"forget\"", "7", "null", "[\"defer\"]"] {
      let end = try #require(json.range(of: "\"policy\": \"defer\"", options: .backwards))
      let changed = json.replacingCharacters(in: end, with: "\"policy\": \(wrong)")
      try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: FormatError.self) {
        try TokenExits(folder: "\(folder.path)/heads-defer")
      }
      #expect(error?.reason == "policy is neither \"propagate\" nor \"defer\"")
    }
  }

  @Test func hostileFoldersAreRefused() throws {
    let target = "\(folder.path)/heads"
    var small = settings
    small.epochs = 1
    _ = try HeadsFit(model: model, try set([20, 8, 8]), small).run(to: target, replacing: false)
    let json = String(decoding: Fixtures.bytes("\(target)/heads.json"), as: UTF8.self)
    let changes = [
      ("\"width\": 64", "\"width\": 65536"), ("\"width\": 64", "\"width\": 63"),
      ("\"layer\": 2", "\"layer\": 1"), ("\"threshold\": ", "\"threshold\": 7"),
      ("\"first_exit\": ", "\"first_exit\": 7"), ("\"defer\": {", "\"later\": {"),
      ("\"version\": 2", "\"version\": 1"), ("\"ensemble\": true", "\"ensemble\": false"),
      ("\"model_sha256\": \"", "\"model_sha256\": \"0"), ("\"propagate\"", "\"forget\""),
    ]
    for (old, new) in changes {
      let changed = json.replacing(old, with: new)
      #expect(changed != json, "\(old) is not there")
      try Data(changed.utf8).write(to: URL(fileURLWithPath: "\(target)/heads.json"))
      #expect(throws: FormatError.self, "\(new)") { try HeadsFolder.open(target) }
    }
    try Data(json.utf8).write(to: URL(fileURLWithPath: "\(target)/heads.json"))
    #expect(try HeadsFolder.open(target).labels == ["0", "1"])
    try FileManager.default.removeItem(atPath: "\(target)/heads.safetensors")
    #expect(throws: FormatError.self) { try HeadsFolder.open(target) }
  }
}

extension TinyDecoder {
  /// A pass for texts of up to 128 tokens.
  var pass128: DecoderPass { DecoderPass(configuration, weights, tokensMax: 128) }
}

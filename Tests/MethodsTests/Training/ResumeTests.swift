import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Runs that were interrupted: what they kept is taken, and they end with the same bits.
///
/// A copy of `TARGET.run`, made while a run goes on, is what a kill at that moment leaves.
struct ResumeTests {
  private let fixture: FrugalFixture

  init() throws { fixture = try FrugalFixture() }

  private func place(_ name: String) -> String { "\(fixture.folder)/\(name)" }

  private func copy(_ run: String, to other: String) throws {
    try FileManager.default.copyItem(atPath: place("\(run).run"), toPath: place("\(other).run"))
  }

  /// Both directories hold the same, but for how long it took.
  private func expectSame(_ one: String, _ other: String, _ note: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: place(one)).sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: place(other)).sorted() == names)
    // The page, and what it shows, say how long it took and how fast it was; all other figures are in the pass's own file.
    for name in names where !name.hasPrefix("report.") {
      func lines(_ folder: String) throws -> [Substring] {
        let bytes = Fixtures.bytes("\(place(folder))/\(name)")
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter {
          !$0.contains("\"seconds\":") && !$0.contains("\"tokens_per_second\":")
        }
      }
      #expect(try lines(one) == lines(other), "\(name), \(note)")
    }
    for run in [one, other] {
      #expect(!FileManager.default.fileExists(atPath: place("\(run).run")), "\(run).run is left")
    }
  }

  /// In the middle of an epoch, and at the end of one.
  @Test(arguments: [7, 15]) func fittingGoesOn(step: Int) throws {
    var settings = FitSettings()
    (settings.epochs, settings.batch) = (4, 20)
    func fit() throws -> EncoderFit {
      var own = try EncoderFit(model: place("tiny"), fixture.set, settings)
      own.secondsBetweenSaves = 0
      return own
    }
    var copied: (any Error)?
    _ = try fit().run(to: place("whole"), replacing: false) { progress in
      guard progress.step == step + 1 else { return }
      do { try copy("whole", to: "late") } catch { copied = error }
    }
    #expect(copied == nil)
    var steps: [Int] = []
    _ = try fit().run(to: place("late"), replacing: false) { steps.append($0.step) }
    #expect(steps == Array(step + 1 ... 20))
    try expectSame("whole", "late", "from step \(step)")
  }

  /// A folder that comes in the way of the result stands for a kill between learning and writing.
  @Test func aModelThatHasLearnedIsOnlyMeasured() throws {
    var settings = FitSettings()
    settings.epochs = 2
    func fit() throws -> EncoderFit {
      try EncoderFit(model: place("tiny"), fixture.set, settings)
    }
    #expect(throws: FormatError.self) {
      try fit().run(to: place("late"), replacing: false) { _ in
        try? FileManager.default.createDirectory(
          atPath: place("late"),
          withIntermediateDirectories: true
        )
      }
    }
    try FileManager.default.removeItem(atPath: place("late"))
    var steps = 0
    _ = try fit().run(to: place("late"), replacing: false) { _ in steps += 1 }
    #expect(steps == 0)
    _ = try fit().run(to: place("whole"), replacing: false) { _ in steps += 1 }
    #expect(steps == 6)
    try expectSame("whole", "late", "measured anew")
  }

  /// Stopped in the middle, and at the end: the loss that is told is the same as well.
  @Test func aStageGoesOnWithItsLosses() throws {
    let texts = try fixture.texts().train
    var settings = RouterSettings()
    (settings.epochs, settings.batch) = (3, 16)
    func run(_ name: String?, steps: Int) throws -> (loss: Double, made: Int, bits: [[UInt32]]) {
      let (network, experts) = try fixture.experts()
      let trainer = RouterTrainer(network, experts, texts, settings, Crew<Float>(count: 2))
      var made = 0
      let loss = try trainer.run([("origin", "here")])
        .finish(name.map(place), trainer.stepsTotal, "", { _ in }) {
          guard made < steps, let step = trainer.advance() else { return nil }
          made += 1
          return step
        }
      return (loss, made, trainer.parameters.map { $0.values.map(\.bitPattern) })
    }
    let whole = try run(nil, steps: .max)
    #expect(whole.made == 18)
    #expect(try run("state", steps: 7).made == 7)
    let rest = try run("state", steps: .max)
    #expect(rest.made == 11 && rest.loss == whole.loss && rest.bits == whole.bits)
    let again = try run("state", steps: .max)
    #expect(again.made == 0 && again.loss == whole.loss && again.bits == whole.bits)
  }

  /// Killed when routers had learned, and while it was measured.
  @Test func expertsGoOn() throws {
    var settings = RouterSettings()
    (settings.expertSize, settings.epochs) = (8, 3)
    func run(_ name: String, _ hears: @escaping (FrugalProgress) -> Void) throws {
      _ = try ExpertsPass(
        model: fixture.fitted,
        fixture.set,
        baseline: nil,
        settings,
        fixture.plan
      ).run(to: place(name), replacing: false, hears: hears)
    }
    var measured = 0
    try run("whole") { progress in
      guard progress.what == "measuring" else { return }
      measured += 1
      try? copy("whole", to: "measured\(measured)")
    }
    #expect(measured > 8)
    for measured in [1, 8, measured] {
      var heard: Set<String> = []
      try run("measured\(measured)") { heard.insert($0.what) }
      #expect(heard == ["clustering neurons", "measuring"])
      try expectSame("whole", "measured\(measured)", "after \(measured) measures")
    }
    let file = "\(place("measured7")).run/choose-0/numbers.safetensors"
    let bytes = Fixtures.bytes(file)
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: file))
    #expect(throws: FormatError.self, "what was kept is taken") { try run("measured7") { _ in } }
  }

  /// What lies where a run keeps its state may be another command's work of an hour, or a person's own.
  @Test func anothersFolderIsLeftAlone() throws {
    let passes: [(String) throws -> Void] = [
      { [self] in
        let own = try EncoderFit(model: place("tiny"), fixture.set, FitSettings())
        _ = try own.run(to: place($0), replacing: false)
      },
      { [self] in
        let (set, plan) = (fixture.set, fixture.plan)
        let pass = try ExitsPass(model: fixture.fitted, set, baseline: nil, ExitSettings(), plan)
        _ = try pass.run(to: place($0), replacing: false)
      },
      { [self] in
        let (set, plan) = (fixture.set, fixture.plan)
        let pass = try ExpertsPass(model: fixture.fitted, set, baseline: nil, .init(), plan)
        _ = try pass.run(to: place($0), replacing: false)
      },
    ]
    let manager = FileManager.default
    try manager.createDirectory(atPath: place("folder.run"), withIntermediateDirectories: false)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: place("folder.run/letter")))
    try Data("mine".utf8).write(to: URL(fileURLWithPath: place("file.run")))
    try manager.createDirectory(atPath: place("heads.run"), withIntermediateDirectories: false)
    try Data("heads".utf8).write(to: URL(fileURLWithPath: place("heads.run/pass")))
    for target in ["folder", "file", "heads"] {
      for pass in passes {
        let error = #expect(throws: FormatError.self) { try pass(target) }
        #expect(error?.path == place("\(target).run"))
        #expect(error?.reason.contains("finish what began it") == true, "\(error as Any)")
      }
    }
    #expect(Fixtures.bytes(place("folder.run/letter")) == Array("mine".utf8))
    #expect(Fixtures.bytes(place("file.run")) == Array("mine".utf8))
  }

  /// Killed in each stage of learning, and while it was measured.
  @Test func exitsGoOn() throws {
    var routers = RouterSettings()
    (routers.expertSize, routers.epochs) = (8, 2)
    _ = try ExpertsPass(model: fixture.fitted, fixture.set, baseline: nil, routers, fixture.plan)
      .run(to: place("experts"), replacing: false)
    var settings = ExitSettings()
    (settings.epochs, settings.ensembleEpochs, settings.batch) = (2, 2, 32)
    func run(_ name: String, _ hears: @escaping (FrugalProgress) -> Void) throws {
      _ = try ExitsPass(
        model: place("experts"),
        fixture.set,
        baseline: fixture.fitted,
        settings,
        fixture.plan
      ).run(to: place(name), replacing: false, hears: hears)
    }
    var (stage, measured) = (0, 0)
    try run("whole") { progress in
      if progress.what == "teaching exits", progress.step == 1 {
        stage += 1
        try? copy("whole", to: "stage\(stage)")
      }
      if progress.what == "measuring" {
        measured += 1
        try? copy("whole", to: "measured\(measured)")
      }
    }
    #expect(stage == 8 && measured == 7)
    for stage in [1, 4, 8] {
      var (stages, readings) = (0, 0)
      try run("stage\(stage)") { progress in
        if progress.what == "teaching exits", progress.step == 1 { stages += 1 }
        if progress.what == "reading" { readings += 1 }
      }
      #expect(stages == 9 - stage && readings == 3, "stages that were done are not learned again")
      try expectSame("whole", "stage\(stage)", "in stage \(stage)")
    }
    for measured in [1, 4, 7] {
      var heard: Set<String> = []
      try run("measured\(measured)") { heard.insert($0.what) }
      #expect(heard == ["measuring"])
      try expectSame("whole", "measured\(measured)", "after \(measured) measures")
    }
    // What was kept by a run with other settings, and what is cut off, is refused and not guessed at.
    settings.seed = 1
    let other = #expect(throws: FormatError.self) { try run("stage3") { _ in } }
    #expect(other?.description.contains("seed 0") == true, "\(String(describing: other))")
    settings.seed = 0
    let file = "\(place("measured3")).run/choose-0/numbers.safetensors"
    let bytes = Fixtures.bytes(file)
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: file))
    #expect(throws: FormatError.self) { try run("measured3") { _ in } }
  }
}

/// Numbers that float32 has no room for are kept to the bit.
@Test func bitsAreKeptAsNumbers() {
  for bits: UInt64 in [0, 1, .max, (-0.1).bitPattern, Double.pi.bitPattern, 1 << 63] {
    #expect(([7] + [Float](bits: bits)).bits(at: 1) == bits)
  }
}

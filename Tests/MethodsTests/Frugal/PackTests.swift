import Foundation
import Models
import Tensors
import Testing

@testable import Methods

/// What was learned, in one file.
struct PackTests {
  private let fixture: FrugalFixture

  init() throws { fixture = try FrugalFixture() }

  @Test func roundingIsWithinHalfAScale() {
    let values: [Float] = [1, -0.5, 0.25, 0, 0, 0, 3, -127, 64]
    let rounded = RoundedMatrix(values, columns: 3)
    #expect(rounded.scales == [1 / 127, 0, 1])
    for (place, value) in rounded.values.enumerated() {
      #expect(abs(value - values[place]) <= 0.5001 * rounded.scales[place / 3])
    }
    #expect(RoundedMatrix([], columns: 4).values.isEmpty)
  }

  @Test func whatIsUnpackedAnswersAsWhatWasPacked() throws {
    var settings = RouterSettings()
    (settings.expertSize, settings.epochs) = (8, 2)
    let place = "\(fixture.folder)/experts"
    _ = try ExpertsPass(model: fixture.fitted, fixture.set, baseline: nil, settings, fixture.plan)
      .run(to: place, replacing: false)
    var exits = ExitSettings()
    exits.epochs = 2
    let both = "\(fixture.folder)/both"
    _ = try ExitsPass(model: place, fixture.set, baseline: nil, exits, fixture.plan)
      .run(to: both, replacing: false)
    let (pack, tiny) = ("\(fixture.folder)/both.pack", "\(fixture.folder)/tiny")
    let bytes = try Pack.write(both, base: tiny, to: pack)
    #expect(bytes > 1_000 && bytes < Pack.bytesMax)
    #expect(throws: FormatError.self, "it is there") { try Pack.write(both, base: tiny, to: pack) }
    let back = "\(fixture.folder)/back"
    try Pack.expand(pack, base: tiny, to: back, replacing: false)
    let (before, after) = (
      try FrugalEncoder(try Checkpoint.open(path: both), labels: fixture.set.labels),
      try FrugalEncoder(try Checkpoint.open(path: back), labels: fixture.set.labels)
    )
    #expect(after.exits?.layers == before.exits?.layers)
    #expect(after.exits?.ensembles == before.exits?.ensembles)
    #expect(after.experts?.size == 8)
    #expect(after.effort == before.effort && after.effort != nil)
    let texts = try fixture.texts().test
    let crew = Crew<Float>(count: 1)
    let (a, b) = (before.network.logits(of: texts, crew), after.network.logits(of: texts, crew))
    let near = zip(a, b).allSatisfy { zip($0, $1).allSatisfy { abs($0 - $1) < 0.1 } }
    #expect(near && a != b, "rounded, and no more")
  }

  /// The fitted model's embeddings learned; left out, the base's come back, and the rest as it was.
  @Test func embeddingsMayBeLeftOut() throws {
    let tiny = "\(fixture.folder)/tiny"
    func unpacked(leaving: Bool) throws -> (bytes: Int, network: EncoderNetwork<Float>) {
      let (pack, back) = ("\(fixture.folder)/\(leaving).pack", "\(fixture.folder)/\(leaving)")
      let bytes = try Pack.write(
        fixture.fitted,
        base: tiny,
        to: pack,
        leavesEmbeddings: leaving
      )
      try Pack.expand(pack, base: tiny, to: back, replacing: false)
      return (bytes, try EncoderNetwork(try Checkpoint.open(path: back)))
    }
    let (whole, without) = (try unpacked(leaving: false), try unpacked(leaving: true))
    let base = try EncoderNetwork<Float>(try Checkpoint.open(path: tiny))
    #expect(without.bytes < whole.bytes)
    #expect(without.network.embeddings.map(\.values) == base.embeddings.map(\.values))
    #expect(whole.network.embeddings.map(\.values) != base.embeddings.map(\.values))
    let layers = { (network: EncoderNetwork<Float>) in network.layers.map(\.up.weight.values) }
    #expect(layers(without.network) == layers(whole.network))
  }

  /// No pack is larger than it may be: reports stay out before anything that answers depend on.
  @Test func reportsStayOutWhereThereIsNoRoom() throws {
    let tiny = "\(fixture.folder)/tiny"
    func packed(_ name: String, most: Int) throws -> (bytes: Int, reports: [Bool]) {
      let (pack, back) = ("\(fixture.folder)/\(name).pack", "\(fixture.folder)/\(name)")
      let bytes = try Pack.write(fixture.fitted, base: tiny, to: pack, most: most)
      try Pack.expand(pack, base: tiny, to: back, replacing: false)
      let files = ["fit.json", "exits.json"]
      return (bytes, files.map { FileManager.default.fileExists(atPath: "\(back)/\($0)") })
    }
    let long = "[\"\(String(repeating: "long ", count: 20_000))\"]"
    try long.write(toFile: "\(fixture.fitted)/exits.json", atomically: true, encoding: .utf8)
    let roomy = try packed("roomy", most: Pack.bytesMax)
    #expect(roomy.reports == [true, true])
    let tight = try packed("tight", most: roomy.bytes - 50_000)
    #expect(tight.reports == [true, false])
    #expect(tight.bytes < roomy.bytes - 50_000)
    #expect(throws: FormatError.self) { try packed("none", most: 1_000) }
  }

  @Test func whatDoesNotBelongTogetherIsRefused() throws {
    let (pack, tiny) = ("\(fixture.folder)/a.pack", "\(fixture.folder)/tiny")
    _ = try Pack.write(fixture.fitted, base: tiny, to: pack)
    let back = "\(fixture.folder)/back"
    let other = #expect(throws: FormatError.self) {
      try Pack.expand(pack, base: fixture.fitted, to: back, replacing: false)
    }
    #expect(other?.description.contains("another model") == true)
    #expect(throws: FormatError.self, "no pack") {
      try Pack.expand("\(tiny)/model.safetensors", base: tiny, to: back, replacing: false)
    }
    let whole = try Data(contentsOf: URL(fileURLWithPath: pack))
    for count in [0, 7, 200, whole.count / 2, whole.count - 1] {
      try whole.prefix(count).write(to: URL(fileURLWithPath: pack))
      #expect(throws: FormatError.self, "\(count) bytes") {
        try Pack.expand(pack, base: tiny, to: back, replacing: false)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: back), "nothing half written")
  }
}

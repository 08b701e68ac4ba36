import Foundation
import Models
import Tensors
import Testing

@testable import Methods

/// A teacher's answers.
struct DistillationTests {
  /// −T² · Σ p log q by hand, for one row.
  @Test func theLossIsTheCrossEntropyOfCooledAnswers() {
    let tape = Tape<Double>()
    let own = [0.5, -1, 2.0]
    let taught = [1, 0, -1.0]
    let found = Distillation(share: 1, temperature: 2).loss(
      tape.input(own, rows: 1, columns: 3),
      taught,
      tape
    )
    func cooled(_ x: [Double]) -> [Double] {
      let e = x.map { exp($0 / 2) }
      return e.map { $0 / e.reduce(0, +) }
    }
    let expected = -4 * zip(cooled(taught), cooled(own)).reduce(0) { $0 + $1.0 * log($1.1) }
    #expect(abs(found.scalar - expected) < 1e-12)
  }

  @Test func aTeacherIsHeardAndOneOfOtherLabelsRefused() throws {
    let fixture = try FrugalFixture()
    var settings = FitSettings()
    settings.epochs = 1
    let tiny = "\(fixture.folder)/tiny"
    let alone = try EncoderFit(model: tiny, fixture.set, settings)
      .run(to: "\(fixture.folder)/alone", replacing: false)
    let taught = try EncoderFit(model: tiny, fixture.set, teacher: fixture.fitted, settings)
      .run(to: "\(fixture.folder)/taught", replacing: false)
    #expect(alone.report["last_loss"] != taught.report["last_loss"])
    #expect(taught.report["teacher"]?.text == fixture.fitted)
    #expect(throws: FormatError.self, "it knows other labels") {
      try EncoderFit(model: tiny, fixture.set, teacher: tiny, settings)
    }
  }
}

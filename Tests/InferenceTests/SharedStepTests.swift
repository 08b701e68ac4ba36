import Inference
import Models
import Support
import Testing

/// Texts of several calls go through an encoder's layers together.
struct SharedStepTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// Looks between layers while `calls` calls are opened, fed and ended in one turn, and until they are answered.
  private func boundaries(calls: UInt64, rowsMax: Int) throws -> Int {
    var count = 0
    bench.betweenLayers = { _ in
      count += 1
      return []
    }
    var limits = EngineLimits()
    limits.rowsMax = rowsMax
    var engine = bench.engine(limits)
    let text = Piece.text(Array("the sun".utf8))
    bench.run(
      &engine,
      (1 ... calls).flatMap {
        whole(.test($0, .embed(EncodeParameters()), on: Workbench.encoder), text)
      }
    )
    for call in 1 ... calls {
      let (outcome, bill) = try #require(bench.ending(SequenceID(call)))
      guard case .finished = outcome else {
        Issue.record("call \(call) ended \(outcome)")
        continue
      }
      #expect(bill.work.layersRun == bill.work.tokensIn * TinyModels.layers, "all layers, once")
    }
    #expect(engine.booksBalance)
    return count
  }

  @Test func twoCallsTakeAsManyLayersAsOne() throws {
    let alone = try boundaries(calls: 1, rowsMax: 256)
    #expect(alone > TinyModels.layers, "a look before each layer and one behind the last, at least")
    #expect(try boundaries(calls: 2, rowsMax: 256) == alone)
    #expect(try boundaries(calls: 8, rowsMax: 256) == alone)
  }

  /// So that the count above means something.
  @Test func whereOnlyOneFitsEachTakesItsOwn() throws {
    let alone = try boundaries(calls: 1, rowsMax: 1)
    #expect(try boundaries(calls: 2, rowsMax: 1) == 2 * alone)
  }
}

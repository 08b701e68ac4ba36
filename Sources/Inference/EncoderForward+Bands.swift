import Models
import Tensors

// A layer of few rows: every worker takes a band of them through it.
//
// All of a layer but attention is each row's own affair. So workers wait for each other before and after attention, not after
// each of a dozen products and passes, and what one wrote he reads from his own cache. Each reads all weights, which pays as
// soon as a band has some rows.

extension EncoderForward {
  /// Some rows of a step, and what a layer came to for them.
  final class Band {
    let rows: Range<Int>
    /// Of every row, the threshold of its text; empty where no text has one.
    let taus: [Float?]
    var runs: [Int?] = []
    var work = Work()

    init(_ index: Int, of count: Int, rows all: Int, _ taus: [Float?]) {
      // The caller begins first, so a row too many is his.
      rows = (all * index + count - 1) / count ..< (all * (index + 1) + count - 1) / count
      self.taus = taus.isEmpty ? [] : Array(taus[rows])
    }
  }

  /// Rows of a band at least: each worker reads all weights for his own.
  static let bandRowsMin = 6

  /// Whether a step's rows are cut into bands, one for each worker.
  func hasBands(_ rows: Int) -> Bool {
    soloists.count > 1 && rows >= Self.bandRowsMin * soloists.count
  }

  /// A layer whose rows are cut; see `layer`.
  func banded(
    _ layer: EncoderWeights.Layer,
    _ texts: [Range<Int>],
    _ taus: [Float?],
    counters: inout Work
  ) -> [Int?] {
    let taus = rowTaus(texts, taus)
    let bands = soloists.indices.map { Band($0, of: soloists.count, rows: x.rows, taus) }
    project(layer, bands)
    attend(texts, counters: &counters)
    finish(layer, bands)
    for band in bands { counters.add(band.work) }
    return bands.flatMap { $0.runs }
  }

  private func project(_ layer: EncoderWeights.Layer, _ bands: [Band]) {
    let (x, fused, soloists) = (x, fused, soloists)
    fused.resize(rows: x.rows)
    workers.together { worker in
      let (own, band) = (soloists[worker], bands[worker])
      own.x.borrowing(band.rows, of: x) {
        own.fused.borrowing(band.rows, of: fused) {
          own.project(layer, counters: &band.work)
        }
      }
    }
    fused.tookRows()
  }

  private func finish(_ layer: EncoderWeights.Layer, _ bands: [Band]) {
    let (x, mixed, soloists) = (x, mixed, soloists)
    workers.together { worker in
      let (own, band) = (soloists[worker], bands[worker])
      own.x.borrowing(band.rows, of: x) {
        own.mixed.borrowing(band.rows, of: mixed) {
          band.runs = own.finish(layer, band.taus, counters: &band.work)
        }
      }
    }
    x.tookRows()
  }
}

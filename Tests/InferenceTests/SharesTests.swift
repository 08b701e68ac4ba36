import Models
import Support
import Tensors
import Testing

@testable import Inference

@Suite("Texts and rows that workers share")
struct SharesTests {
  private func forward(workers: Int) throws -> EncoderForward {
    let model = try Workbench().models[1]
    guard case .encoder(let weights) = model.packed else { throw NoEncoder() }
    return EncoderForward(weights, workers: Workers(count: workers))
  }

  private struct NoEncoder: Error {}

  private func texts(_ sizes: [Int]) -> [Range<Int>] {
    var begin = 0
    return sizes.map { size in
      defer { begin += size }
      return begin ..< begin + size
    }
  }

  @Test("are cut where shares are about as large")
  func cuts() throws {
    let two = try forward(workers: 2)
    #expect(two.cuts(of: texts([30, 30])) == [0 ..< 1, 1 ..< 2])
    #expect(two.cuts(of: texts([10, 20, 20, 25, 15])) == [0 ..< 3, 3 ..< 5])
    #expect(
      two.cuts(of: texts([Int](repeating: 32, count: 16)))
        == stride(from: 0, to: 16, by: 2).map { $0 ..< $0 + 2 }
    )
    #expect(two.cuts(of: texts([70, 30, 30])) == [0 ..< 1, 1 ..< 2, 2 ..< 3])
    let three = try forward(workers: 3)
    #expect(three.cuts(of: texts([Int](repeating: 10, count: 9))) == [0 ..< 3, 3 ..< 6, 6 ..< 9])
  }

  @Test(
    "are computed together where they are few, short, or too unlike",
    arguments: [[100], [10, 10], [100, 20], [20, 20], []]
  )
  func uncut(sizes: [Int]) throws {
    #expect(try forward(workers: 2).cuts(of: texts(sizes)) == nil)
  }

  @Test("stay whole with one worker")
  func alone() throws {
    #expect(try forward(workers: 1).cuts(of: texts([40, 40])) == nil)
  }

  @Test("Rows are cut into bands where every worker gets some")
  func bands() throws {
    let three = try forward(workers: 3)
    #expect(three.hasBands(18) && !three.hasBands(17))
    #expect(try !forward(workers: 1).hasBands(100))
    for rows in [18, 19, 20, 100] {
      let bands = (0 ..< 3).map { EncoderForward.Band($0, of: 3, rows: rows, []) }
      #expect(bands.flatMap(\.rows) == Array(0 ..< rows))
      #expect(bands.allSatisfy { abs($0.rows.count - rows / 3) <= 1 })
    }
  }

  /// A step in which workers take texts, and some in which they take bands of rows.
  @Test(
    "give their rows back in place, and the work of all",
    arguments: [2, 3],
    [[30, 12, 40, 21, 9, 33, 28, 30], [37], [7, 22], [100, 5, 3, 1]]
  )
  func bits(workers: Int, sizes: [Int]) throws {
    let (one, many) = (try forward(workers: 1), try forward(workers: workers))
    let rows = sizes.reduce(0, +)
    #expect((many.cuts(of: texts(sizes)) != nil) == (sizes.count > 4) && many.hasBands(rows))
    let taus = Array([0.1, nil, 0.5, 0.3, nil, 1, 0, 0.2].prefix(sizes.count)) as [Float?]
    var works = [Work(), Work()]
    var runs: [[Int?]] = []
    for (place, forward) in [one, many].enumerated() {
      forward.x.resize(rows: rows)
      for row in 0 ..< rows {
        forward.x.setRow(
          row,
          (0 ..< forward.x.width).map { Float(($0 * 7 + row * 3) % 19) / 9 - 1 }
        )
      }
      runs.append(forward.layer(0, texts: texts(sizes), taus: taus, counters: &works[place]))
      runs.append(forward.layer(1, texts: texts(sizes), counters: &works[place]))
    }
    #expect(runs[0] == runs[2] && runs[1] == runs[3])
    #expect(runs[0].count == rows && runs[1].isEmpty)
    #expect(runs[0].contains(nil) == (sizes.count > 1) && runs[0].contains { $0 != nil })
    #expect(works[0] == works[1])
    for row in 0 ..< one.x.rows { #expect(one.x.row(row) == many.x.row(row)) }
  }
}

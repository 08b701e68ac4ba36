import Models
import Tensors

/// Rows that go on through a layer beside rows that only lend it their keys and values.
///
/// Products want their rows one after the other, so the two kinds part before it and come together behind. Owned by
/// the engine's thread: buffers of one layer.
final class PartingRows {
  let goingNormed: RowBuffer
  let lentNormed: RowBuffer
  let goingFused: RowBuffer
  /// Keys and values of rows that lend.
  let lent: RowBuffer
  /// Rows divided by their root mean square, for exits.
  let units: RowBuffer
  let unitGain: [Float]
  private let goingX: RowBuffer
  private let goingMixed: RowBuffer
  /// What is put in another order.
  private let arranged: RowBuffer

  init(_ configuration: LlamaConfiguration, _ weights: LanguageWeights) {
    let layer = weights.layers[0]
    goingNormed = RowBuffer(width: configuration.width)
    lentNormed = RowBuffer(width: configuration.width)
    goingFused = RowBuffer(width: layer.queryKeyValue.matrix.outputs)
    lent = RowBuffer(width: layer.keyValue.matrix.outputs)
    units = RowBuffer(width: configuration.width)
    unitGain = [Float](repeating: 1, count: configuration.width)
    goingX = RowBuffer(width: configuration.width)
    goingMixed = RowBuffer(width: layer.output.matrix.inputs)
    arranged = RowBuffer(width: configuration.width)
  }

  /// Parts normed rows.
  func split(_ normed: RowBuffer, lending: [Int]) {
    Self.copy(normed, Self.others(lending, of: normed.rows), into: goingNormed)
    Self.copy(normed, lending, into: lentNormed)
  }

  /// Brings projected rows together; queries of rows that lend are 0, and nobody reads them.
  func join(into fused: RowBuffer, lending: [Int]) {
    let rows = goingFused.rows + lending.count
    fused.resize(rows: rows)
    for (place, row) in Self.others(lending, of: rows).enumerated() {
      fused.setRow(row, from: goingFused, row: place)
    }
    let queries = [Float](repeating: 0, count: fused.width - lent.width)
    for (place, row) in lending.enumerated() { fused.setRow(row, queries + lent.row(place)) }
  }

  /// The rows that go on, and what they attended to.
  func going(_ x: RowBuffer, _ mixed: RowBuffer, without lending: [Int]) -> (RowBuffer, RowBuffer) {
    let rows = Self.others(lending, of: x.rows)
    Self.copy(x, rows, into: goingX)
    Self.copy(mixed, rows, into: goingMixed)
    return (goingX, goingMixed)
  }

  /// Puts the rows that went on back between those that lent.
  func comeBack(into x: RowBuffer, without lending: [Int]) {
    for (place, row) in Self.others(lending, of: x.rows).enumerated() {
      x.setRow(row, from: goingX, row: place)
    }
  }

  /// Where a row of a new order comes from.
  enum Source {
    case row(Int)
    case numbers([Float])
  }

  /// Puts rows in another order, with new ones among them.
  func arrange(_ x: RowBuffer, _ sources: [Source]) {
    arranged.resize(rows: sources.count)
    for (place, source) in sources.enumerated() {
      switch source {
      case .row(let row): arranged.setRow(place, from: x, row: row)
      case .numbers(let numbers): arranged.setRow(place, numbers)
      }
    }
    x.resize(rows: sources.count)
    for place in sources.indices { x.setRow(place, from: arranged, row: place) }
  }

  private static func others(_ rows: [Int], of count: Int) -> [Int] {
    var isOut = [Bool](repeating: false, count: count)
    for row in rows { isOut[row] = true }
    return (0 ..< count).filter { !isOut[$0] }
  }

  private static func copy(_ source: RowBuffer, _ rows: [Int], into target: RowBuffer) {
    target.resize(rows: rows.count)
    for (place, row) in rows.enumerated() { target.setRow(place, from: source, row: row) }
  }
}

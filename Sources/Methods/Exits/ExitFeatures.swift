internal import Models
import Tensors

/// What exits read of texts, computed once: the layers under them are frozen.
struct ExitFeatures: Sendable {
  /// For each exit (texts, width).
  var rows: [[Float]]
  /// Of the model's own head, for each text (classes).
  var last: [[Float]]
  /// The label of each text.
  var labels: [Int]
  /// Numbers of a row.
  let width: Int

  /// Rows that are given.
  init(rows: [[Float]], last: [[Float]], labels: [Int], width: Int) {
    self.rows = rows
    self.last = last
    self.labels = labels
    self.width = width
  }

  /// Takes them from a reading that kept its rows.
  init(_ reading: EncoderReading, _ stack: ExitStack, labels: [Int], width: Int) {
    let all = stack.pooling == .first ? reading.firstRows : reading.meanRows
    rows = stack.layers.map { all[$0] }
    last = reading.logits
    self.labels = labels
    self.width = width
  }

  /// Texts.
  var count: Int { labels.count }

  /// Adds the same texts as they look with other experts.
  mutating func add(_ other: ExitFeatures) {
    for exit in rows.indices { rows[exit] += other.rows[exit] }
    last += other.last
    labels += other.labels
  }

  /// The rows of some texts at an exit, on a tape: (places, width).
  func variable(_ places: ArraySlice<Int>, exit: Int, _ tape: Tape<Float>) -> Variable<Float> {
    var values: [Float] = []
    values.reserveCapacity(places.count * width)
    for place in places { values += rows[exit][place * width ..< (place + 1) * width] }
    return tape.input(values, rows: places.count, columns: width)
  }
}

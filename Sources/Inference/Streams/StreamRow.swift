/// One token of a stream on its way through the layers: what exits said of it, and what is to be told.
///
/// A class because a batch's row, the stream and the step speak of the same one.
final class StreamRow {
  let position: Int
  let token: Int32
  /// The scores of the exits that it passed: (classes) each.
  var opinions: [[Double]] = []
  /// Verdicts that are not told yet.
  var pending: [Verdict] = []
  /// What was said last.
  var last: Verdict?
  /// Labels' probabilities behind `last`, in the model's order.
  var probabilities: [Double] = []
  /// Whether the last was said because its budget or its deadline ended there, and not because the exit was sure.
  var isForced = false
  /// Whether nothing more will be said of it.
  var isOver = false
  /// Whether the stream's watch has taken note of it.
  var isCounted = false
  /// Its text, if that was asked for.
  let text: String?
  /// Whether it goes through to the last layer with all that is parked, so that never more than so many are.
  var settles = false
  /// Multiply-accumulates that it caused: its own, and those that earlier tokens were owed for its sake.
  var macs = 0
  /// Experts that its rows ran, and that the layers have which they went through; 0 of 0 where layers have none, or ran whole.
  var experts = (run: 0, of: 0)
  /// What the dense model spends on it.
  let macsDense: Int

  init(position: Int, token: Int32, text: String?, macsDense: Int) {
    (self.position, self.token, self.macsDense) = (position, token, macsDense)
    self.text = text
  }
}

/// A token that has left before the last layer: what deeper layers may still want of it.
struct ParkedRow {
  let position: Int
  /// Its row as it left: (width).
  let x: [Float]
  /// Layers that it went through.
  let layersRun: Int
  /// Layers that hold its keys and values.
  var depth: Int
  /// Whether the running step's batch has a row for it, which lends.
  var isAboard = false

  /// Whether it stands before a layer.
  func waits(at layer: Int) -> Bool { depth == layer && !isAboard }
}

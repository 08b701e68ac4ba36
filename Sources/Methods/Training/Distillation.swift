import Tensors

/// Learning from a teacher's answers beside the labels.
///
/// loss = (1 − share) · cross-entropy with the labels + share · T² · cross-entropy with the teacher's softmax(logits / T).
/// Hinton et al., "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.
public struct Distillation: Sendable, Equatable {
  /// How much the teacher counts, 0...1.
  public var share: Double
  /// T: what logits of both are divided by; above 1, unlikely classes show.
  public var temperature: Double

  /// As much as the labels, at a temperature of 2.
  public init(share: Double = 0.5, temperature: Double = 2) {
    self.share = share
    self.temperature = temperature
  }

  var fingerprint: String { "\(share) at \(temperature)" }

  /// The teacher's part of the loss: the mean over the rows of −T² · Σ p log softmax(logits / T), with p the teacher's.
  ///
  /// - Parameters:
  ///   - logits: (rows, labels), of who learns.
  ///   - answers: (rows · labels), the teacher's logits.
  ///   - tape: where it is recorded.
  /// - Returns: one number.
  func loss<Number: Real>(
    _ logits: Variable<Number>,
    _ answers: [Number],
    _ tape: Tape<Number>
  ) -> Variable<Number> {
    let cool = Number(1 / temperature)
    let taught = tape.input(answers, rows: logits.rows, columns: logits.columns)
    let targets = tape.detached(tape.softmax(tape.scaled(taught, by: cool)))
    let logs = tape.logSoftmax(tape.scaled(logits, by: cool))
    let scale = -temperature * temperature / Double(logits.rows)
    return tape.scaled(tape.total(tape.product(targets, logs)), by: Number(scale))
  }
}

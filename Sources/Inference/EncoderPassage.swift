import Models

/// A text on its way through the layers of one step.
///
/// A class because its answer may come at any layer, and is told when the step is over, in the order of the texts.
final class EncoderPassage {
  let sequence: Sequence
  let text: EncoderText
  /// How strong an expert must be beside the strongest; nil runs layers whole.
  let tau: Float?
  /// What an exit's largest probability must be above; nil asks no exit.
  let threshold: Double?
  /// The scores of the exits that it passed.
  var opinions: [[Double]] = []
  /// What will be told; nil while it is under way.
  var answer: Emission?

  var isOpen: Bool { answer == nil }

  init(_ sequence: Sequence, _ text: EncoderText) {
    self.sequence = sequence
    self.text = text
    tau = sequence.setting?.tau.map { Float($0) }
    threshold = sequence.setting?.threshold
  }
}

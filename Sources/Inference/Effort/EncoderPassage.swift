import Models

/// A text on its way through the layers of one step.
///
/// A class because its answer may come at any layer. It is told at once, but in the order of a request's texts.
final class EncoderPassage {
  let sequence: Sequence
  let text: EncoderText
  /// How strong an expert must be beside the strongest; nil runs layers whole.
  let tau: Float?
  /// What an exit's largest probability must be above; nil asks no exit.
  let threshold: Double?
  /// The first exit that it may leave at, by its place.
  let first: Int
  /// Whether its deadline may come before its answer, so that every exit is asked what it would say.
  let isHurried: Bool
  /// The scores of the exits that it passed.
  var opinions: [[Double]] = []
  /// Whether exits are asked that no threshold lets it leave at.
  let asksAll: Bool
  /// Layers that it went through, if it left early.
  var layers: Int?
  /// What will be told; nil while it is under way.
  var answer: Emission?

  /// Whether it left at an exit that was not sure, because its budget or its deadline ended there.
  var isForced = false
  /// Whether it was told.
  var isTold = false

  var isOpen: Bool { answer == nil }

  /// What it runs with; nil runs everything.
  let setting: EffortCurve.Point?

  /// Whether less ran than the whole model.
  var wasSpared: Bool { tau != nil || layers != nil }

  /// The likeliest label of its answer.
  var label: String? { text.row?.last?.scores.first?.label ?? answer?.likeliest }

  /// - Parameters:
  ///   - sequence: whose.
  ///   - text: what is read.
  ///   - setting: what it runs with; nil runs everything.
  ///   - mayPick: whether experts may be picked; routers cost as well, and a budget may not pay for them.
  ///   - asksAll: whether exits are asked although no threshold lets it leave: a budget or a deadline may.
  ///   - isHurried: whether the deadline is near.
  init(
    _ sequence: Sequence,
    _ text: EncoderText,
    _ setting: EffortCurve.Point?,
    mayPick: Bool = true,
    asksAll: Bool = false,
    isHurried: Bool = false
  ) {
    self.sequence = sequence
    self.text = text
    self.setting = setting
    self.isHurried = isHurried
    tau = mayPick ? setting?.tau.map { Float($0) } : nil
    threshold = setting?.threshold ?? (asksAll ? 1 : nil)
    first = setting?.first ?? 0
    self.asksAll = asksAll
  }
}

import Foundation
internal import Models
import Tensors

extension TrainingState.Run {
  /// Steps to the end, saves on the way and at the end, and goes on where a run before it was saved.
  ///
  /// - Parameters:
  ///   - place: where the state lies; nil keeps none.
  ///   - stepsTotal: of the run.
  ///   - what: for a progress bar.
  ///   - hears: is told after every step.
  ///   - advance: makes a step, and says what its loss was and how many tokens it read; nil when all were made.
  /// - Returns: the mean loss of the last steps.
  /// - Throws: `FormatError` if the state is another run's, or cannot be written.
  @discardableResult
  func finish(
    _ place: String?,
    _ stepsTotal: Int,
    _ what: String,
    _ hears: (FrugalProgress) -> Void,
    advance: () throws(FormatError) -> (loss: Double, tokens: Int)?
  ) throws(FormatError) -> Double {
    let before = try place.flatMap { (own) throws(FormatError) in
      try TrainingState.restore(self, from: own)
    }
    var losses = [Double](stateText: before?[TrainingState.lossesName])
    let clock = ContinuousClock()
    var (saved, learning, tokens, isSaved) = (clock.now, Duration.zero, 0, true)
    func mean() -> Double { losses.reduce(0, +) / Double(max(1, losses.count)) }
    func save() throws(FormatError) {
      guard let place else { return }
      try TrainingState.save(
        self,
        to: place,
        telling: [(TrainingState.lossesName, losses.stateText)]
      )
    }
    while true {
      let began = clock.now
      guard let step = try advance() else { break }
      learning += clock.now - began
      tokens += step.tokens
      losses = losses.suffix(TrainingState.lossesKept - 1) + [step.loss]
      isSaved = false
      hears(
        FrugalProgress(
          what: what,
          step: optimizer.stepCount,
          stepsTotal: stepsTotal,
          loss: mean(),
          tokensPerSecond: tokens > 0 ? Double(tokens) / (learning / .seconds(1)) : nil
        )
      )
      if (clock.now - saved) / .seconds(1) > EncoderFit.saveSeconds {
        // A disk that has no room now may have it later, and needs none for this if the run ends by itself.
        isSaved = (try? save()) != nil
        saved = clock.now
      }
    }
    // What comes now may take longer than a minute. A disk that has no room for this may have it for the result.
    if !isSaved { try? save() }
    return mean()
  }
}

extension TrainingState {
  /// What the last losses are saved under.
  static let lossesName = "losses"
  /// Losses whose mean is shown.
  static let lossesKept = 50
}

extension [Double] {
  /// Numbers as `stateText` wrote them; none if there is no such text.
  init(stateText: String?) {
    self = (stateText ?? "").split(separator: " ").compactMap { Double($0) }
  }

  /// As a state keeps numbers: each so that it is read back to the bit.
  var stateText: String { map { "\($0)" }.joined(separator: " ") }
}

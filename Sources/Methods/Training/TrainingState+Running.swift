import Foundation
internal import Models
import Tensors

extension TrainingState.Run {
  /// Steps to the end, saves on the way, and goes on where a run before it was saved.
  ///
  /// - Parameters:
  ///   - place: where the state lies.
  ///   - stepsTotal: of the run.
  ///   - what: for a progress bar.
  ///   - hears: is told after every step.
  ///   - advance: makes a step, and says what its loss was and how many tokens it read; nil when all were made.
  /// - Returns: the mean loss of the last steps.
  /// - Throws: `FormatError` if the state is another run's, or cannot be written.
  @discardableResult
  func finish(
    _ place: String,
    _ stepsTotal: Int,
    _ what: String,
    _ hears: (FrugalProgress) -> Void,
    advance: () -> (loss: Double, tokens: Int)?
  ) throws(FormatError) -> Double {
    _ = try TrainingState.resume(self, from: place)
    let clock = ContinuousClock()
    var (saved, learning, tokens, losses) = (clock.now, Duration.zero, 0, [Double]())
    func mean() -> Double {
      losses.suffix(50).reduce(0, +) / Double(max(1, min(50, losses.count)))
    }
    while true {
      let began = clock.now
      guard let step = advance() else { break }
      learning += clock.now - began
      tokens += step.tokens
      losses.append(step.loss)
      hears(
        FrugalProgress(
          what: what,
          step: optimizer.stepCount,
          stepsTotal: stepsTotal,
          loss: mean(),
          tokensPerSecond: Double(tokens) / (learning / .seconds(1))
        )
      )
      if (clock.now - saved) / .seconds(1) > EncoderFit.saveSeconds,
        optimizer.stepCount < stepsTotal
      {
        try TrainingState.save(self, to: place)
        saved = clock.now
      }
    }
    return mean()
  }
}

import Inference
import Wire

/// How calls of one model with a deadline of their own ended, on the engine's clock, since the start.
struct Deadlines: Equatable {
  /// Calls that the engine ended, with their answers or at their deadline.
  private(set) var count = 0
  /// Of those, calls that ended after it.
  private(set) var lateCount = 0
  /// Of those, calls that ended later than one layer after it.
  private(set) var beyondLayerCount = 0
  /// The longest after a deadline.
  private(set) var lateMax = Duration.zero

  /// Takes the end of one call into account.
  mutating func note(_ own: Punctuality) {
    count += 1
    if own.late > .zero { lateCount += 1 }
    if own.late > own.layer { beyondLayerCount += 1 }
    lateMax = max(lateMax, own.late)
  }

  /// As Models.Describe tells it.
  var description: Value {
    [
      "count": Value(count), "late": Value(lateCount), "beyond_layer": Value(beyondLayerCount),
      "late_us_max": Value(Int((lateMax / .microseconds(1)).rounded(.up))),
    ]
  }
}

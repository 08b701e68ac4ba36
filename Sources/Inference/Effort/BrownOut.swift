/// Less effort for all while there is more work than time: brown-out instead of black-out.
///
/// What waits is priced at the whole model's work and at what steps took lately. When that is more than the wanted wait,
/// effort is lowered so that it would not be; requests keep their floors.
struct BrownOut: Sendable, Equatable {
  /// The most effort that anybody gets now; 1 is no brown-out.
  private(set) var effortCap = 1.0

  /// Looks at what waits.
  ///
  /// - Parameters:
  ///   - seconds: that all waiting work takes at full effort.
  ///   - wanted: how long anybody should wait; nil never lowers effort.
  mutating func weigh(seconds: Double, wanted: Duration?) {
    guard let wanted, seconds > 0 else {
      effortCap = 1
      return
    }
    effortCap = min(1, wanted / .seconds(1) / seconds)
  }
}

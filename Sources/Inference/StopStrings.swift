/// Finds stop strings in text that arrives in pieces, and holds back what could begin one.
///
/// The stop string that ends first wins; of two that end together, the longer. So the answer does
/// not depend on how the text was cut.
struct StopStrings {
  let stops: [[UInt8]]
  private var held: [UInt8] = []

  init(_ stops: [[UInt8]]) {
    self.stops = stops.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
  }

  /// What became of a piece.
  enum Result: Equatable {
    /// Text that is certain.
    case text([UInt8])
    /// A stop string appeared; text before it.
    case stopped([UInt8])
  }

  /// Adds a piece.
  mutating func append(_ piece: [UInt8]) -> Result {
    guard !stops.isEmpty else { return .text(piece) }
    for byte in piece {
      held.append(byte)
      if let stop = stops.first(where: {
        held.count >= $0.count && held.suffix($0.count) == $0[...]
      }) {
        return .stopped(Array(held.dropLast(stop.count)))
      }
    }
    let start = held.indices.first { start in
      stops.contains { $0.starts(with: held[start...]) }
    }
    let certain = Array(held[..<(start ?? held.endIndex)])
    held.removeFirst(certain.count)
    return .text(certain)
  }

  /// Gives up what is held, when no more text comes.
  mutating func finish() -> [UInt8] {
    defer { held = [] }
    return held
  }
}

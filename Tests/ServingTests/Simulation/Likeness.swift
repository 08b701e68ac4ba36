import Wire

/// How two answers to one request differ; batches of another size may move a float by a little.
enum Likeness {
  /// Log-probabilities, scores and elements of vectors of the tiny models may differ by this much.
  static let tolerance = 2e-3

  /// Where `got` leaves `wanted`, as a sentence; nil if it is its beginning.
  ///
  /// - Returns: also whether two equally likely tokens changed places, after which nothing can be said.
  static func difference(
    _ method: String,
    _ got: [Value],
    _ wanted: [Value]
  ) -> (text: String?, isTie: Bool) {
    if method == "Tokenize" {
      let (got, wanted) = (got.flatMap { $0.asArray ?? [] }, wanted.flatMap { $0.asArray ?? [] })
      return (got == Array(wanted.prefix(got.count)) ? nil : "\(got) for \(wanted)", false)
    }
    guard got.count <= wanted.count else { return ("\(got.count) for \(wanted.count)", false) }
    for (index, (a, b)) in zip(got, wanted).enumerated() where !isClose(a, b) {
      if method == "Generate", let mine = a.asArray, let theirs = b.asArray, mine[0] != theirs[0],
        isClose(mine[2], theirs[2])
      {
        return (nil, true)
      }
      return ("message \(index) is \(a) for \(b)", false)
    }
    return (nil, false)
  }

  private static func isClose(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.array(let left), .array(let right)) where left.count == 2 && left[1].isNumber:
      // A candidate or a label and its score: equally likely ones may change places.
      right.count == 2 && isClose(left[1], right[1])
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { isClose($0, $1) }
    case (.binary(let left), .binary(let right)):
      left.count == right.count
        && zip(floats(left), floats(right)).allSatisfy { abs(Double($0) - Double($1)) <= tolerance }
    case (.float, _), (.double, _):
      abs((a.asDouble ?? 0) - (b.asDouble ?? .infinity)) <= tolerance
    default: a == b
    }
  }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      Float(bitPattern: (0 ..< 4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }
}

extension Value {
  fileprivate var isNumber: Bool {
    switch self {
    case .float, .double: true
    default: false
    }
  }
}

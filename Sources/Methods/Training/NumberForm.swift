/// How a value is kept as lists of numbers, and made of them again to the bit.
struct NumberForm<Value> {
  /// None of them empty.
  let numbers: (Value) -> [[Float]]
  /// Takes what `numbers` gave.
  let value: ([[Float]]) -> Value
}

extension NumberForm<[[Float]]> {
  /// Lists as they are.
  static var lists: Self { NumberForm(numbers: { $0 }, value: { $0 }) }
}

extension NumberForm<[TokenVerdicts]> {
  /// Lengths, exits, classes and confidences of each, which float32 holds exactly.
  static var verdicts: Self {
    NumberForm(
      numbers: { all in
        all.flatMap { own in
          [own.lengths, own.exits, own.classes].map { $0.map { Float($0) } } + [own.confidences]
        }
      },
      value: { lists in
        stride(from: 0, to: lists.count, by: 4).map { first in
          var own = TokenVerdicts(lengths: lists[first].map { Int($0) })
          own.exits = lists[first + 1].map { Int($0) }
          own.classes = lists[first + 2].map { Int($0) }
          own.confidences = lists[first + 3]
          return own
        }
      }
    )
  }
}

extension NumberForm<[ExitVerdicts]> {
  /// Those of as many kinds of heads, which have as many exits each.
  static func verdicts(kinds: Int) -> Self {
    let plain = NumberForm<[TokenVerdicts]>.verdicts
    return NumberForm(
      numbers: { plain.numbers($0.flatMap(\.exits)) },
      value: { lists in
        let all = plain.value(lists)
        let exits = all.count / kinds
        return (0 ..< kinds).map { kind in
          ExitVerdicts(exits: Array(all[kind * exits ..< (kind + 1) * exits]))
        }
      }
    )
  }
}

extension [Float] {
  /// 64 bits as four numbers of 16, each of which float32 holds exactly: for what a list of numbers has no room for.
  init(bits: UInt64) { self = (0 ..< 4).map { Float(bits >> (16 * $0) & 0xFFFF) } }

  /// What `init(bits:)` was given, from the four numbers at `place`.
  func bits(at place: Int = 0) -> UInt64 {
    (0 ..< 4).reduce(0) { $0 | UInt64(self[place + $1]) << (16 * $1) }
  }

  /// Its parts of so many numbers each.
  func parts(of count: Int) -> [[Float]] {
    stride(from: 0, to: self.count, by: count).map { Array(self[$0 ..< $0 + count]) }
  }
}

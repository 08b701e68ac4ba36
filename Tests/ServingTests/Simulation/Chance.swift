import Support

extension SplitMix64 {
  /// True `percent` times in a hundred.
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0 ..< 100, using: &self) < percent }

  /// An integer of the range.
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// One of the items.
  mutating func pick<Item>(_ items: [Item]) -> Item { items[number(0 ... items.count - 1)] }
}

/// Bytes of an input that say what happens next; 0 for ever when they are used up.
struct Decisions {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isEmpty: Bool { rest.isEmpty }

  mutating func next() -> Int { Int(rest.popFirst() ?? 0) }

  /// One of `items`, nil if there is none.
  mutating func pick<Item>(_ items: [Item]) -> Item? {
    guard !items.isEmpty else { return nil }
    return items[next() % items.count]
  }
}

/// Splits an input at its first zero byte; text formats hold none.
func split(_ bytes: [UInt8]) -> (head: [UInt8], tail: [UInt8]) {
  guard let zero = bytes.firstIndex(of: 0) else { return (bytes, []) }
  return (Array(bytes[..<zero]), Array(bytes[(zero + 1)...]))
}

/// One step on the way to a value inside a file, from the outside in: a key, or the number of an item.
enum ValueStep: Sendable, Equatable {
  /// The bytes of a key, because Swift takes texts for equal that are composed differently.
  case key([UInt8])
  /// Which item of an array, from 0.
  case item(Int)

  /// A key by its text.
  static func named(_ key: String) -> ValueStep { .key(Array(key.utf8)) }
}

extension ValueStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  init(stringLiteral key: String) { self = .named(key) }
  init(integerLiteral item: Int) { self = .item(item) }
}

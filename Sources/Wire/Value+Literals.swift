extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Makes nil.
  ///
  /// - Parameter nilLiteral: nothing.
  public init(nilLiteral: ()) { self = .nil }

  /// Makes a truth value.
  ///
  /// - Parameter value: the literal.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// Makes an integer.
  ///
  /// - Parameter value: the literal.
  public init(integerLiteral value: Int64) { self.init(value) }

  /// Makes a 64-bit float.
  ///
  /// - Parameter value: the literal.
  public init(floatLiteral value: Double) { self = .double(value) }

  /// Makes text.
  ///
  /// - Parameter value: the literal.
  public init(stringLiteral value: String) { self = .string(value) }

  /// Makes an array.
  ///
  /// - Parameter elements: the items in order.
  public init(arrayLiteral elements: Value...) { self = .array(elements) }

  /// Makes a map.
  ///
  /// - Parameter elements: keys and values in order; the caller names no key twice.
  public init(dictionaryLiteral elements: (String, Value)...) {
    self = .map(elements.map { Entry($0.0, $0.1) })
  }
}

/// One MessagePack value.
///
/// Integers have one canonical form: what is not negative is `uint`, whatever width it had on the wire. Equality is that
/// of the wire: strings compare by their UTF-8 and floats by their bits, so that every value equals itself.
public enum Value: Sendable {
  /// Nothing.
  case `nil`
  /// A truth value.
  case bool(Bool)
  /// A negative integer.
  case int(Int64)
  /// An integer that is not negative.
  case uint(UInt64)
  /// A 32-bit float.
  case float(Float)
  /// A 64-bit float.
  case double(Double)
  /// Text.
  case string(String)
  /// Bytes.
  case binary([UInt8])
  /// Values in order.
  case array([Value])
  /// Keys and values in the order of the wire.
  case map([Entry])

  /// One key of a map with its value.
  public struct Entry: Sendable, Equatable {
    /// The key; maps on this wire have string keys only.
    public var key: String
    /// What the key stands for.
    public var value: Value

    /// Pairs a key with its value.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: what it stands for.
    public init(_ key: String, _ value: Value) {
      self.key = key
      self.value = value
    }

    /// Whether two entries are the same on the wire.
    ///
    /// - Parameters:
    ///   - left: one entry.
    ///   - right: the other.
    /// - Returns: true if key and value are the same bytes.
    public static func == (left: Entry, right: Entry) -> Bool {
      left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
    }
  }
}

extension Value {
  /// Makes an integer in its canonical form.
  ///
  /// - Parameter integer: any integer of up to 64 bits.
  public init(_ integer: some BinaryInteger) {
    if let unsigned = UInt64(exactly: integer) {
      self = .uint(unsigned)
    } else {
      self = .int(Int64(integer))
    }
  }

  /// Whether this is nil.
  public var isNil: Bool { self == .nil }

  /// The truth value, if this is one.
  public var asBool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The integer, if this is one that is not negative.
  public var asUInt: UInt64? {
    switch self {
    case .uint(let value): value
    case .int(let value): UInt64(exactly: value)
    default: nil
    }
  }

  /// The integer, if this is one that fits an `Int`.
  public var asInt: Int? {
    switch self {
    case .uint(let value): Int(exactly: value)
    case .int(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as a double, if this is a float or an integer.
  public var asDouble: Double? {
    switch self {
    case .float(let value): Double(value)
    case .double(let value): value
    case .uint(let value): Double(value)
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// The text, if this is a string.
  public var asString: String? {
    if case .string(let string) = self { string } else { nil }
  }

  /// The bytes, if this is a binary.
  public var asBytes: [UInt8]? {
    if case .binary(let bytes) = self { bytes } else { nil }
  }

  /// The items, if this is an array.
  public var asArray: [Value]? {
    if case .array(let items) = self { items } else { nil }
  }

  /// The entries, if this is a map.
  public var asMap: [Entry]? {
    if case .map(let entries) = self { entries } else { nil }
  }

  /// The value of a key, if this is a map that has it.
  ///
  /// - Parameter key: the key to look up.
  public subscript(key: String) -> Value? { asMap?[key] }
}

extension [Value.Entry] {
  /// The value of the first entry with this key.
  ///
  /// - Parameter key: the key to look up; compared by its UTF-8.
  public subscript(key: String) -> Value? {
    first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }
}

extension Value: Equatable {
  /// Whether two values are the same on the wire.
  ///
  /// - Parameters:
  ///   - left: one value.
  ///   - right: the other.
  /// - Returns: true if both would be written as the same bytes.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.nil, .nil): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.uint(let a), .uint(let b)): a == b
    case (.int(let a), .uint(let b)), (.uint(let b), .int(let a)): UInt64(exactly: a) == b
    case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
    case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.binary(let a), .binary(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.map(let a), .map(let b)): a == b
    default: false
    }
  }
}

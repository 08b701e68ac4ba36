/// A JSON value whose strings are kept as the bytes they are.
///
/// Swift compares `String`s by canonical equivalence, so two vocabulary entries that differ only in
/// composition would collapse into one dictionary key. Here strings are UTF-8 bytes and objects
/// keep their order; a repeated key is an error of the file.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent that fits 64 bits.
  case integer(Int)
  case number(Double)
  /// UTF-8 bytes, escapes resolved; a lone surrogate escape becomes U+FFFD.
  case string([UInt8])
  case array([JSON])
  case object([Member])

  /// One key and its value.
  public struct Member: Sendable, Equatable {
    /// UTF-8 bytes of the key.
    public var key: [UInt8]
    /// What the key maps to.
    public var value: JSON

    /// Pairs a key with its value.
    public init(key: [UInt8], value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The deepest nesting that is read, in containers.
  public static let depthMax = 64

  /// Reads one value and nothing after it but white space.
  ///
  /// - Parameters:
  ///   - bytes: the text, UTF-8.
  ///   - path: the file to blame in an error.
  ///   - base: where `bytes` begin in that file, in bytes.
  /// - Throws: `FormatError` with the offset of the first byte that does not fit.
  public init(parsing bytes: [UInt8], path: String, base: Int = 0) throws(FormatError) {
    var reader = JSONReader(bytes: bytes, path: path, base: base)
    self = try reader.document()
  }

  /// Where a value begins in a text that was read before; looked for only once it is to blame, so that sound files pay
  /// nothing for it.
  ///
  /// - Parameters:
  ///   - steps: the way to it; empty for the outermost value.
  ///   - bytes: the text.
  ///   - base: where `bytes` begin in their file, in bytes.
  /// - Returns: bytes from the start of the file, or nil if there is no such value.
  static func place(of steps: [ValueStep], in bytes: [UInt8], base: Int = 0) -> Int? {
    var reader = JSONReader(bytes: bytes, path: "", base: base)
    return try? reader.place(of: steps[...])
  }
}

extension JSON {
  /// The value of `key` in an object, in O(members); nil for other values and missing keys.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    let wanted = Array(key.utf8)
    return members.first { $0.key == wanted }?.value
  }

  /// The members of an object, in file order.
  public var members: [Member]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// The items of an array.
  public var items: [JSON]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  /// The UTF-8 bytes of a string.
  public var bytes: [UInt8]? {
    guard case .string(let bytes) = self else { return nil }
    return bytes
  }

  /// A string as text.
  ///
  /// Do not use the result as a dictionary key where composition matters.
  public var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  /// A whole number, also if written as `12.0`.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// Any number.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// A truth value.
  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }
}

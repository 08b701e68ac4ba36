/// What a call carries beside its messages: short keys with strings or bytes, in order.
public struct Metadata: Sendable, Equatable {
  /// Keys and values; every value is a `string` or a `binary`.
  public private(set) var entries: [Value.Entry] = []

  /// No metadata.
  public init() {}

  /// Makes metadata of strings.
  ///
  /// - Parameter strings: keys of `[a-z0-9_.-]{1,64}`, none twice, with their values.
  /// - Precondition: every key is such a key.
  public init(_ strings: KeyValuePairs<String, String>) {
    for (key, value) in strings { self[key] = .string(value) }
  }

  /// Checks what a peer, or a user of a client, calls metadata.
  ///
  /// - Parameter entries: keys and values in order.
  /// - Throws: `bad_option` that names the first key or value which may not be there.
  public init(checking entries: [Value.Entry]) throws(WireError) {
    for entry in entries {
      guard Self.isKey(entry.key) else {
        throw WireError(.badOption, "metadata key \(quoted(entry.key)) is not [a-z0-9_.-]{1,64}")
      }
      guard entry.value.asString != nil || entry.value.asBytes != nil else {
        throw WireError(.badOption, "metadata \(quoted(entry.key)) is neither str nor bin")
      }
    }
    self.entries = entries
  }

  /// The value of a key, nil to take it away.
  ///
  /// - Parameter key: a key of `[a-z0-9_.-]{1,64}`.
  /// - Precondition: what is set is a string or a binary, and its key is such a key.
  public subscript(key: String) -> Value? {
    get { entries[key] }
    set {
      entries.removeAll { $0.key == key }
      guard let newValue else { return }
      precondition(Self.isKey(key), "metadata key \(key)")
      precondition(newValue.asString != nil || newValue.asBytes != nil, "metadata \(newValue)")
      entries.append(Value.Entry(key, newValue))
    }
  }

  private static func isKey(_ key: String) -> Bool {
    1 ... 64 ~= key.utf8.count
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a") ... UInt8(ascii: "z"), UInt8(ascii: "0") ... UInt8(ascii: "9"),
          UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

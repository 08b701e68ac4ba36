import Yams

/// A mapping of the configuration file, read key by key; every key is read or refused.
struct SettingTable {
  let source: String
  let prefix: String
  private let mapping: Node.Mapping

  init(_ node: Node, source: String, prefix: String = "") throws(ConfigurationError) {
    guard case .mapping(let mapping) = node else {
      throw ConfigurationError(
        source: source,
        line: node.mark?.line,
        key: prefix,
        reason: "expected settings, key: value"
      )
    }
    self.source = source
    self.prefix = prefix
    self.mapping = mapping
  }

  /// Refuses keys that are not in `known`, with the nearest known one.
  func refuseUnknown(_ known: [String]) throws(ConfigurationError) {
    for (key, _) in mapping where !known.contains(key.string ?? "") {
      throw ConfigurationError(
        source: source,
        line: key.mark?.line,
        key: Self.join(prefix, key.string ?? "?"),
        reason: "is not a setting; known here: \(known.joined(separator: ", "))"
      )
    }
  }

  /// Reads an integer within bounds into `value`, if the key is there.
  func read(
    _ key: String,
    _ bounds: ClosedRange<Int>,
    into value: inout Int
  ) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    // YAML 1.1 reads `1:30` in base 60, and Yams traps where that passes 64 bits.
    guard let digits = node.scalar?.string, !digits.contains(":"), let found = node.int else {
      throw blame(key, node, "expected a whole number")
    }
    guard bounds.contains(found) else {
      throw blame(
        key,
        node,
        "\(found) is not within \(bounds.lowerBound) … \(bounds.upperBound)"
      )
    }
    value = found
  }

  /// Reads whole seconds within bounds into `value`, if the key is there.
  func seconds(
    _ key: String,
    _ bounds: ClosedRange<Int>,
    into value: inout Duration
  ) throws(ConfigurationError) {
    var count = Int(value / .seconds(1))
    try read(key, bounds, into: &count)
    value = .seconds(count)
  }

  /// Reads whole milliseconds within bounds into `value`, if the key is there.
  func milliseconds(
    _ key: String,
    _ bounds: ClosedRange<Int>,
    into value: inout Duration
  ) throws(ConfigurationError) {
    var count = Int(value / .milliseconds(1))
    try read(key, bounds, into: &count)
    value = .milliseconds(count)
  }

  /// Reads true or false into `value`, if the key is there.
  func read(_ key: String, into value: inout Bool) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    guard let found = node.bool else { throw blame(key, node, "expected true or false") }
    value = found
  }

  /// Reads a string, if the key is there.
  func string(_ key: String) throws(ConfigurationError) -> String? {
    guard let node = mapping[key] else { return nil }
    guard let found = node.scalar?.string, !found.isEmpty else {
      throw blame(key, node, "expected text")
    }
    return found
  }

  /// Reads a nested table, if the key is there; `none` for an explicit null.
  func table(_ key: String) throws(ConfigurationError) -> SettingTable? {
    guard let node = mapping[key], !isNull(key) else { return nil }
    return try SettingTable(node, source: source, prefix: Self.join(prefix, key))
  }

  /// Whether the key is there and switched off with null.
  func isNull(_ key: String) -> Bool { mapping[key]?.null != nil }

  /// The nested tables of a mapping from names, in file order.
  func named(_ key: String) throws(ConfigurationError) -> [(name: String, SettingTable)] {
    guard let node = mapping[key] else { return [] }
    let table = try SettingTable(node, source: source, prefix: Self.join(prefix, key))
    var result: [(name: String, SettingTable)] = []
    for (name, value) in table.mapping {
      let text = name.string ?? ""
      guard !text.isEmpty else { throw blame(key, name, "a name is empty") }
      result.append(
        (text, try SettingTable(value, source: source, prefix: Self.join(table.prefix, text)))
      )
    }
    return result
  }

  /// An error about a key of this table.
  func blame(_ key: String, _ reason: String) -> ConfigurationError {
    blame(key, mapping[key], reason)
  }

  private func blame(_ key: String, _ node: Node?, _ reason: String) -> ConfigurationError {
    ConfigurationError(
      source: source,
      line: node?.mark?.line,
      key: Self.join(prefix, key),
      reason: reason
    )
  }

  private static func join(_ prefix: String, _ key: String) -> String {
    prefix.isEmpty ? key : "\(prefix).\(key)"
  }
}

/// A setting that cannot be obeyed: which one, where it stands, and why not.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, or "command line".
  public var source: String
  /// The line in the file, from 1.
  public var line: Int?
  /// The setting, as a path of keys; empty when the file as a whole is to blame.
  public var key: String
  /// What is wrong and what would be right.
  public var reason: String

  /// Blames a setting.
  public init(source: String, line: Int? = nil, key: String, reason: String) {
    self.source = source
    self.line = line
    self.key = key
    self.reason = reason
  }

  /// One line: `meted.yaml:7: engine.rows_max: 0 is below 1`.
  public var description: String {
    let place = line.map { "\(source):\($0)" } ?? source
    return key.isEmpty ? "\(place): \(reason)" : "\(place): \(key): \(reason)"
  }
}

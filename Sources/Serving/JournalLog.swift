public import Foundation
public import Logging

/// Writes one line per event to standard error: a sentence, then `key=value` pairs, sorted.
///
/// Under systemd (`JOURNAL_STREAM` is set) a line begins with its syslog priority, which the journal
/// reads and removes; in a terminal it begins with the time.
public struct JournalLog: LogHandler {
  /// Lines below this are dropped.
  public var logLevel = Logger.Level.info
  /// Pairs that every line carries.
  public var metadata = Logger.Metadata()
  private let isJournal: Bool

  /// Opens the log.
  ///
  /// - Parameter environment: the process environment.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    isJournal = environment["JOURNAL_STREAM"] != nil
  }

  /// One pair that every line carries.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes a line.
  public func log(event: LogEvent) {
    let pairs = metadata.merging(event.metadata ?? [:]) { _, own in own }
    let line = Self.line(
      level: event.level,
      text: event.message.description,
      pairs: pairs,
      isJournal: isJournal,
      now: Date()
    )
    // Nobody may be reading any more; that is no reason to stop serving.
    try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
  }

  /// Formats a line; line breaks inside values are escaped, so that one event stays one line.
  static func line(
    level: Logger.Level,
    text: String,
    pairs: Logger.Metadata,
    isJournal: Bool,
    now: Date
  ) -> String {
    let tail = pairs.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted("\($0.value)"))" }
    let head =
      isJournal
      ? "<\(priority(level))>" : "\(now.formatted(.iso8601)) \(level.rawValue.uppercased()) "
    return head + escaped(text) + tail.joined() + "\n"
  }

  private static func quoted(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy { scalar in
      (0x21 ... 0x7E).contains(scalar.value) && scalar != "\"" && scalar != "=" && scalar != "\\"
    }
    return isPlain && !value.isEmpty ? value : "\"\(escaped(value, quotes: true))\""
  }

  /// Escapes by scalar, since a quote or a line break with a mark behind it is one character.
  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch (scalar, scalar.properties.generalCategory) {
      case ("\\", _): result += "\\\\"
      case ("\n", _): result += "\\n"
      case ("\r", _): result += "\\r"
      case ("\"", _) where quotes: result += "\\\""
      case (_, .control), (_, .lineSeparator), (_, .paragraphSeparator), (_, .format):
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

/// A JSON file of settings, read key by key; a `null` counts as missing.
struct ConfigurationFile {
  /// Longest such file, in bytes.
  static let bytesMax = 4 << 20

  let path: String
  let json: JSON
  /// The whole file, in which `steps` lead to `json`; empty where there is none to point into.
  private let text: [UInt8]
  private let steps: [ValueStep]

  /// A file that was read already.
  ///
  /// - Parameters:
  ///   - path: the file to blame.
  ///   - json: what it says.
  ///   - text: its bytes, so that errors can say where; empty if they are not known.
  ///   - steps: where in it `json` is.
  init(path: String, json: JSON, text: [UInt8] = [], steps: [ValueStep] = []) {
    self.path = path
    self.json = json
    self.text = text
    self.steps = steps
  }

  /// Reads `path`, which must exist.
  init(path: String) throws(FormatError) {
    guard let file = try Self.ifPresent(path: path) else {
      throw FormatError(path: path, reason: "is missing")
    }
    self = file
  }

  /// Reads `path`, or gives nil if there is no such file.
  static func ifPresent(path: String, limit: Int = bytesMax)
    throws(FormatError) -> ConfigurationFile?
  {
    guard let bytes = try readIfPresent(path, limit: limit) else { return nil }
    return ConfigurationFile(path: path, json: try JSON(parsing: bytes, path: path), text: bytes)
  }

  /// Blames the value to which `place` leads from here, this one itself if it is empty; nil where no one value is to
  /// blame.
  func blame(_ reason: String, at place: [ValueStep]? = nil) -> FormatError {
    FormatError(
      path: path,
      offset: place.flatMap { JSON.place(of: steps + $0, in: text) },
      reason: reason
    )
  }

  /// Blames the value of `key`.
  func blame(_ reason: String, key: String) -> FormatError { blame(reason, at: [.named(key)]) }

  /// Blames a `null`, or else what lacks `key`, which the file as a whole needs no place for.
  func missing(_ key: String) -> FormatError {
    let isNull = json[key] != nil
    return blame("\(key) is missing", at: isNull ? [.named(key)] : steps.isEmpty ? nil : [])
  }

  func value(_ key: String) -> JSON? {
    guard let value = json[key], value != .null else { return nil }
    return value
  }

  func integer(_ key: String, _ range: ClosedRange<Int>, default missing: Int? = nil)
    throws(FormatError) -> Int
  {
    guard let value = value(key) else {
      guard let missing else { throw self.missing(key) }
      return missing
    }
    guard let integer = value.integer, range.contains(integer) else {
      throw blame(
        "\(key) is not a whole number in \(range.lowerBound) ... \(range.upperBound)",
        key: key
      )
    }
    return integer
  }

  /// A number within `range`; the caller's range also keeps out what float32 cannot hold.
  func number(_ key: String, _ range: ClosedRange<Double>, default missing: Double? = nil)
    throws(FormatError) -> Double
  {
    guard let value = value(key) else {
      guard let missing else { throw self.missing(key) }
      return missing
    }
    guard let number = value.number, range.contains(number) else {
      throw blame(
        "\(key) is not a number in \(range.lowerBound) ... \(range.upperBound)",
        key: key
      )
    }
    return number
  }

  func bool(_ key: String, default missing: Bool) throws(FormatError) -> Bool {
    guard let value = value(key) else { return missing }
    guard let bool = value.bool else { throw blame("\(key) is neither true nor false", key: key) }
    return bool
  }

  func text(_ key: String) throws(FormatError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.text else { throw blame("\(key) is not a string", key: key) }
    return text
  }

  /// The settings below `key`, or below its older name where that is used.
  func section(_ key: String, or older: String? = nil) throws(FormatError) -> ConfigurationFile? {
    guard let value = value(key) else {
      guard let older else { return nil }
      return try section(older)
    }
    guard value.members != nil else { throw blame("\(key) is not an object", key: key) }
    return inside(value, [.named(key)])
  }

  /// A value inside, to which `place` leads from here.
  func inside(_ value: JSON, _ place: [ValueStep]) -> ConfigurationFile {
    ConfigurationFile(path: path, json: value, text: text, steps: steps + place)
  }

  /// Refuses a setting that changes the model in a way that is not built.
  func refuse(_ key: String, unless harmless: [JSON] = [.bool(false)]) throws(FormatError) {
    guard let value = value(key), !harmless.contains(value) else { return }
    throw blame("\(key) is set; such models are not read", key: key)
  }

  /// Refuses models of other classes than `accepted`; a file that names none is taken at its word.
  func checkArchitecture(_ accepted: [String]) throws(FormatError) {
    guard let value = value("architectures") else { return }
    let names = (value.items ?? []).compactMap(\.text)
    guard names.count == 1, accepted.contains(names[0]) else {
      throw blame(
        "the architecture \(names.joined(separator: ", ")) is not read; known here are "
          + accepted.joined(separator: ", "),
        key: "architectures"
      )
    }
  }
}

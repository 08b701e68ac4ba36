/// A JSON file of settings, read key by key; a `null` counts as missing.
struct ConfigurationFile {
  /// Longest such file, in bytes.
  static let bytesMax = 4 << 20

  let path: String
  let json: JSON

  init(path: String, json: JSON) {
    self.path = path
    self.json = json
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
    return ConfigurationFile(path: path, json: try JSON(parsing: bytes, path: path))
  }

  func blame(_ reason: String) -> FormatError { FormatError(path: path, reason: reason) }

  func value(_ key: String) -> JSON? {
    guard let value = json[key], value != .null else { return nil }
    return value
  }

  func integer(_ key: String, _ range: ClosedRange<Int>, default missing: Int? = nil)
    throws(FormatError) -> Int
  {
    guard let value = value(key) else {
      guard let missing else { throw blame("\(key) is missing") }
      return missing
    }
    guard let integer = value.integer, range.contains(integer) else {
      throw blame("\(key) is not a whole number in \(range.lowerBound) ... \(range.upperBound)")
    }
    return integer
  }

  /// A number within `range`; the caller's range also keeps out what float32 cannot hold.
  func number(_ key: String, _ range: ClosedRange<Double>, default missing: Double? = nil)
    throws(FormatError) -> Double
  {
    guard let value = value(key) else {
      guard let missing else { throw blame("\(key) is missing") }
      return missing
    }
    guard let number = value.number, range.contains(number) else {
      throw blame("\(key) is not a number in \(range.lowerBound) ... \(range.upperBound)")
    }
    return number
  }

  func bool(_ key: String, default missing: Bool) throws(FormatError) -> Bool {
    guard let value = value(key) else { return missing }
    guard let bool = value.bool else { throw blame("\(key) is neither true nor false") }
    return bool
  }

  func text(_ key: String) throws(FormatError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.text else { throw blame("\(key) is not a string") }
    return text
  }

  /// The settings below `key`, or below its older name where that is used.
  func section(_ key: String, or older: String? = nil) throws(FormatError) -> ConfigurationFile? {
    guard let value = value(key) else {
      guard let older else { return nil }
      return try section(older)
    }
    guard value.members != nil else { throw blame("\(key) is not an object") }
    return ConfigurationFile(path: path, json: value)
  }

  /// Refuses a setting that changes the model in a way that is not built.
  func refuse(_ key: String, unless harmless: [JSON] = [.bool(false)]) throws(FormatError) {
    guard let value = value(key), !harmless.contains(value) else { return }
    throw blame("\(key) is set; such models are not read")
  }

  /// Refuses models of other classes than `accepted`; a file that names none is taken at its word.
  func checkArchitecture(_ accepted: [String]) throws(FormatError) {
    guard let value = value("architectures") else { return }
    let names = (value.items ?? []).compactMap(\.text)
    guard names.count == 1, accepted.contains(names[0]) else {
      throw blame(
        "the architecture \(names.joined(separator: ", ")) is not read; known here are "
          + accepted.joined(separator: ", ")
      )
    }
  }
}

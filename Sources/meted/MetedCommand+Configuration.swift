import Foundation
import Serving

extension MetedCommand {
  /// The configuration file with the flags over it.
  ///
  /// - Parameter isActivated: whether sockets were passed, so that none has to be named.
  /// - Returns: what to serve and how.
  /// - Throws: `ConfigurationError` with the setting that is wrong.
  func configured(isActivated: Bool = false) throws -> Configuration {
    var settings = Configuration()
    if let config {
      guard let data = FileManager.default.contents(atPath: config),
        let text = String(data: data, encoding: .utf8)
      else {
        throw ConfigurationError(
          source: config,
          key: "",
          reason: "cannot be read; it must be a file of UTF-8 text"
        )
      }
      settings = try Configuration(parsing: text, source: config)
    }
    try addModels(to: &settings)
    try addListeners(to: &settings, isActivated: isActivated)
    if let threads { settings.threads = try bounded("--threads", threads, 0 ... 256) }
    if let drainSeconds {
      settings.drain = .seconds(try bounded("--drain-seconds", drainSeconds, 0 ... 3600))
    }
    if let logLevel {
      guard let level = Configuration.LogLevel(rawValue: logLevel) else {
        throw wrong("--log-level", "\"\(logLevel)\" is no log level")
      }
      settings.logLevel = level
    }
    guard !settings.models.isEmpty else {
      throw wrong("models", "no model is named; use --model NAME=PATH or models: in the file")
    }
    return settings
  }

  private func addModels(to settings: inout Configuration) throws {
    for text in model {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw wrong("--model", "\"\(text)\" is not NAME=PATH") }
      settings.models.removeAll { $0.name == parts[0] }
      settings.models.append(Configuration.Model(name: parts[0], path: parts[1]))
    }
  }

  private func addListeners(to settings: inout Configuration, isActivated: Bool) throws {
    if noUnix { settings.unix = nil }
    if let unix {
      var socket = settings.unix ?? Configuration.UnixSocket()
      socket.path = unix
      if let problem = socket.problem { throw wrong("--unix", problem) }
      settings.unix = socket
    }
    if let tcp {
      var socket = settings.tcp ?? Configuration.TCPSocket()
      guard socket.move(to: tcp) else {
        throw wrong(
          "--tcp",
          "\"\(tcp)\" is not HOST:PORT, with brackets around a numeric IPv6 host"
        )
      }
      settings.tcp = socket
    }
    guard settings.unix != nil || settings.tcp != nil || isActivated else {
      throw wrong("listen", "no socket is left to listen on; set --unix or --tcp")
    }
  }

  private func bounded(_ flag: String, _ value: Int, _ bounds: ClosedRange<Int>) throws -> Int {
    guard bounds.contains(value) else {
      throw wrong(flag, "\(value) is not within \(bounds.lowerBound) … \(bounds.upperBound)")
    }
    return value
  }

  private func wrong(_ flag: String, _ reason: String) -> ConfigurationError {
    ConfigurationError(source: "command line", key: flag, reason: reason)
  }
}

import ArgumentParser
import Foundation
import MeteClient

/// Where the daemon is.
struct ServerArguments: ParsableArguments {
  static let variable = "METE_ADDRESS"
  static let usual = "unix:/run/mete/mete.sock"

  @Option(
    help: ArgumentHelp(
      "unix:PATH or tcp:HOST:PORT (default: $\(variable), or else \(usual)).",
      valueName: "address"
    ),
    transform: ServerArguments.address(parsing:)
  )
  var address: Address?

  /// Connects to the daemon.
  func connect(within limit: Duration = .seconds(10)) async throws -> MeteClient {
    var settings = ClientSettings()
    settings.software = "mete \(MeteCommand.version)"
    settings.connectTime = limit
    return try await MeteClient.connect(try chosen, settings: settings)
  }

  /// The flag's address, or the environment's, or the usual one.
  var chosen: Address {
    get throws {
      if let address { return address }
      let text = ProcessInfo.processInfo.environment[Self.variable] ?? Self.usual
      do {
        return try Self.address(parsing: text)
      } catch let error as ValidationError {
        throw ValidationError("\(Self.variable) is \"\(text)\": \(error.message)")
      }
    }
  }

  /// Reads `unix:PATH` or `tcp:HOST:PORT`; a numeric IPv6 host stands in brackets.
  static func address(parsing text: String) throws -> Address {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst("unix:".count))
      guard !path.isEmpty else { throw ValidationError("unix: needs a path") }
      return .unix(path: path)
    }
    guard text.hasPrefix("tcp:") else {
      throw ValidationError("an address begins with unix: or tcp:")
    }
    guard let address = Address(hostAndPort: text.dropFirst("tcp:".count)) else {
      throw ValidationError("tcp: needs HOST:PORT, with brackets around a numeric IPv6 host")
    }
    return address
  }
}

import ArgumentParser
import MeteClient

/// `mete health`: whether the daemon takes work.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Ask whether the daemon takes work.",
    discussion: "Exits with 0 when it is SERVING, 1 when it is not, 69 when nobody answers."
  )

  @Option(help: ArgumentHelp("How long to wait until it is serving.", valueName: "seconds"))
  var wait: Double = 0

  @Flag(help: "Write JSON.")
  var json = false

  @OptionGroup var server: ServerArguments

  func validate() throws {
    guard (0 ... 86_400).contains(wait) else {
      throw ValidationError("--wait is 0 to 86400 seconds")
    }
  }

  func run() async throws {
    let end = ContinuousClock.now + .seconds(wait)
    var health = try await ask(until: end)
    while health != .serving, .now < end {
      try await Task.sleep(for: .milliseconds(100))
      health = try await ask(until: end)
    }
    try Terminal.write(json ? "{\"status\":\(health.rawValue.quoted)}\n" : "\(health.rawValue)\n")
    if health != .serving { throw ExitCode(1) }
  }

  /// Asks once, or until somebody answers or the time is over.
  private func ask(until end: ContinuousClock.Instant) async throws -> Health {
    while true {
      let limit = min(max(ContinuousClock.now.duration(to: end), .seconds(1)), .seconds(10))
      do {
        let client = try await server.connect(within: limit)
        let health = try await client.health(options: CallOptions(deadline: limit))
        await client.close()
        return health
      } catch let error as MeteError where error.status == .unavailable && .now < end {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}

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

  @Flag(help: "Keep watching, and write every change.")
  var watch = false

  @Option(name: .shortAndLong, help: "Ask about this model.")
  var model: String?

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
    if watch { health = try await follow() } else { try write(health) }
    if health != .serving { throw ExitCode(1) }
  }

  private func write(_ health: Health) throws {
    try Terminal.write(json ? "{\"status\":\(health.rawValue.quoted)}\n" : "\(health.rawValue)\n")
  }

  /// Writes what the daemon says until it goes away.
  private func follow() async throws -> Health {
    let client = try await server.connect()
    var last = Health.notServing
    do {
      for try await health in client.watchHealth(options: CallOptions(model: model)) {
        last = health
        try write(health)
      }
    } catch let error as MeteError where error.status == .unavailable {
      Terminal.tell("mete: \(error.text)\n")
      last = .notServing
    }
    await client.close()
    return last
  }

  /// Asks once, or until somebody answers or the time is over.
  private func ask(until end: ContinuousClock.Instant) async throws -> Health {
    while true {
      let limit = min(max(ContinuousClock.now.duration(to: end), .seconds(1)), .seconds(10))
      do {
        let client = try await server.connect(within: limit)
        let health = try await client.health(options: CallOptions(model: model, deadline: limit))
        await client.close()
        return health
      } catch let error as MeteError where error.status == .unavailable && .now < end {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}

import ArgumentParser
import Foundation
import Logging
import Serving

/// The daemon's command line: a configuration file, and flags over it.
@main
struct MetedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meted",
    abstract: "Serve transformer models over Unix and TCP sockets.",
    discussion: """
      Reads a configuration file, if one is named, and then the flags, which win over it. \
      docs/OPERATING.md explains every setting. SIGTERM drains: what runs is finished or billed. \
      SIGHUP reads the configuration again.
      """,
    version: Version.current
  )

  @Option(name: .shortAndLong, help: "The configuration file (YAML).")
  var config: String?

  @Flag(help: "Read the configuration, say what is wrong with it, and exit.")
  var checkConfig = false

  @Option(help: "Serve a model: NAME=PATH, a GGUF file or a Hugging Face directory. Repeatable.")
  var model: [String] = []

  @Option(help: "Listen on this Unix socket.")
  var unix: String?

  @Flag(help: "Do not listen on a Unix socket.")
  var noUnix = false

  @Option(help: "Listen on this TCP address, HOST:PORT; port 0 lets the system choose.")
  var tcp: String?

  @Option(help: "Threads that compute; 0 is as many as the process may use.")
  var threads: Int?

  @Option(help: "Seconds that running calls get after SIGTERM.")
  var drainSeconds: Int?

  @Option(help: "debug, info, notice, warning or error.")
  var logLevel: String?

  func run() throws {
    let supervisor = Result { try Supervisor.take() }
    let isActivated = (try? supervisor.get()).map { !$0.sockets.isEmpty } ?? true
    let settings: Configuration
    do {
      settings = try configured(isActivated: isActivated)
    } catch let error as ConfigurationError {
      try? FileHandle.standardError.write(contentsOf: Data("meted: \(error)\n".utf8))
      throw ExitCode(78)
    }
    if checkConfig {
      print("configuration is right: \(settings.models.count) model(s)")
      return
    }
    let level = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
    LoggingSystem.bootstrap { _ in
      var log = JournalLog()
      log.logLevel = level
      return log
    }
    let log = Logger(label: "meted")
    do {
      let daemon = try Daemon(settings, log: log, supervisor: supervisor.get())
      daemon.onReload = { try configured(isActivated: isActivated) }
      if try !daemon.run(isWholeProcess: true).isBalanced { throw ExitCode(70) }
    } catch let code as ExitCode {
      throw code
    } catch let error as ConfigurationError {
      log.critical("cannot serve", metadata: ["reason": "\(error)"])
      throw ExitCode(78)
    } catch {
      log.critical("cannot serve", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
  }
}

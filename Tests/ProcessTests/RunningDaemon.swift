import Foundation
import Support
import Testing

/// A daemon in a folder of its own, serving the tiny models; it is killed if a test leaves it running.
final class RunningDaemon {
  let folder: TemporaryFolder
  let child: Child
  /// As `mete --address` takes it.
  let address: String

  /// Starts a daemon and waits until it is ready.
  init(
    models: [String]? = nil,
    tcp: Bool = false,
    drainSeconds: Int = 20,
    folder: TemporaryFolder? = nil
  ) throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    let served =
      try models
      ?? [
        "letters=\(TinyModel.language(in: folder))", "weather=\(TinyModel.classifier(in: folder))",
      ]
    let listen = tcp ? ["--no-unix", "--tcp", "127.0.0.1:0"] : ["--unix", "\(folder.path)/s"]
    let flags = served.flatMap { ["--model", $0] } + ["--drain-seconds", "\(drainSeconds)"]
    child = try Child(.meted, listen + flags)
    // "… ready listen=unix:/… " or "listen=127.0.0.1:45678".
    let line = try child.waitForError(" ready listen=")
    let listening = try #require(line.split(separator: "listen=").last).filter { $0 != "\"" }
    address = tcp ? "tcp:\(listening)" : listening
  }

  /// Runs the command line against this daemon.
  func mete(
    _ arguments: String...,
    input: String? = nil,
    place: SourceLocation = #_sourceLocation
  ) throws -> Finished {
    let child = try start(arguments)
    if let input { child.type(input) }
    return try child.finish(place)
  }

  /// Starts the command line against this daemon.
  func start(_ arguments: [String]) throws -> Child {
    try Child(.mete, arguments, environment: ["METE_ADDRESS": address])
  }

  /// Ends the daemon as systemd does, and checks that it has billed all that it did.
  @discardableResult
  func stop(_ place: SourceLocation = #_sourceLocation) throws -> Finished {
    child.send(SIGTERM)
    let finished = try child.finish(place)
    #expect(finished.code == 0 && !finished.isSignalled, "\(finished)", sourceLocation: place)
    #expect(finished.errors.contains("the books balance"), "\(finished)", sourceLocation: place)
    return finished
  }
}

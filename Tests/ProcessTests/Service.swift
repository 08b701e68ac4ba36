import Foundation
import Support
import Testing

/// A daemon under a supervisor that this test plays.
final class Service {
  let folder: TemporaryFolder
  let notify: NotifySocket
  let child: Child
  /// The configuration file.
  let file: String
  /// Kept open, as a supervisor does.
  private let doors: [Door]

  /// Starts a daemon and waits until it says that it is ready.
  ///
  /// - Parameters:
  ///   - settings: lines of the configuration after the models and the Unix socket.
  ///   - watchdog: the supervisor's patience in microseconds.
  ///   - doors: sockets to pass.
  ///   - names: of the sockets, as in LISTEN_FDNAMES.
  ///   - folder: where everything lies; a new one if nil.
  ///   - number: of this daemon, if there are several in the folder.
  /// - Throws: when it does not get ready.
  init(
    _ settings: String = "",
    watchdog: Int? = nil,
    doors: [Door] = [],
    names: String? = nil,
    folder: TemporaryFolder? = nil,
    number: Int = 0
  ) throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.doors = doors
    notify = try NotifySocket(in: folder, called: "notify\(number)")
    file = try Self.write(settings, in: folder, number: number)
    var environment = ["NOTIFY_SOCKET": notify.name]
    if let watchdog { environment["WATCHDOG_USEC"] = "\(watchdog)" }
    if let names { environment["LISTEN_FDNAMES"] = names }
    child = try Child(
      .meted,
      ["--config", file],
      environment: environment,
      sockets: doors.map(\.number)
    )
    do {
      try notify.waitFor("READY=1")
    } catch {
      child.send(SIGKILL)
      Issue.record("\(try child.finish())")
      throw error
    }
  }

  /// Where its own Unix socket lies.
  var address: String { "unix:\(folder.path)/s0" }

  /// Writes a configuration with the tiny language model.
  @discardableResult
  static func write(
    _ settings: String,
    price: Int = 1000,
    in folder: TemporaryFolder,
    number: Int = 0
  ) throws -> String {
    let model = "\(folder.path)/llama-f32"
    if !FileManager.default.fileExists(atPath: model) { _ = try TinyModel.language(in: folder) }
    let text = """
      models:
        letters: { path: \(model), micro_per_gmac: \(price) }
      listen:
        unix: { path: \(folder.path)/s\(number) }
        tcp: { port: 0, tenant: lab }
      \(settings)
      """
    return try folder.write(Array(text.utf8), to: "meted\(number).yaml")
  }

  /// The bill of a short call.
  func bill(address: String? = nil) throws -> [String: Any] {
    let asked = try Child(
      .mete,
      ["generate", "--json", "--max-tokens", "3", "--ignore-eos", "abc"],
      environment: ["METE_ADDRESS": address ?? self.address]
    ).finish()
    return try #require(asked.objects().last?["bill"] as? [String: Any], "\(asked)")
  }

  /// Ends the daemon, and checks that it has billed all that it did.
  @discardableResult
  func stop(_ place: SourceLocation = #_sourceLocation) throws -> Finished {
    child.send(SIGTERM)
    let finished = try child.finish(place)
    #expect(finished.code == 0 && !finished.isSignalled, "\(finished)", sourceLocation: place)
    #expect(finished.errors.contains("the books balance"), "\(finished)", sourceLocation: place)
    return finished
  }
}

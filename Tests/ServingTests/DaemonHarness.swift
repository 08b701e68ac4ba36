import Foundation
import Inference
import Logging
import Loop
import Serving
import Support

/// A daemon on a thread of its own, with tiny or real models, on a Unix and a TCP socket.
final class DaemonHarness {
  let unix: Address
  let tcp: Address
  private let folder: TemporaryFolder
  private let thread: WorkerThread
  private let stopper: @Sendable () -> Void
  private let closings: WorkQueue<Closing>

  /// What a daemon thread tells its test.
  private enum Beginning: Sendable {
    case ready([Address], @Sendable () -> Void)
    case failed(String)
  }

  struct StartError: Error { let reason: String }

  init(
    real: Bool = false,
    _ change: (inout Configuration) -> Void = { _ in }
  ) throws {
    folder = try TemporaryFolder()
    var configuration = try Self.configuration(in: folder.path, real: real)
    change(&configuration)
    let beginnings = WorkQueue<Beginning>(offersMax: 1)
    let closings = WorkQueue<Closing>(offersMax: 1)
    thread = WorkerThread(named: "daemon") { [configuration] in
      do {
        let daemon = try Daemon(configuration, log: Logger(label: "test") { _ in Silence() })
        let stopper = try daemon.makeStopper()
        daemon.onReady = { beginnings.post(.ready($0, stopper)) }
        closings.post(try daemon.run())
      } catch {
        beginnings.post(.failed("\(error)"))
      }
    }
    self.closings = closings
    switch beginnings.take(waiting: true).first {
    case .ready(let addresses, let stopper):
      unix = addresses[0]
      tcp = addresses[1]
      self.stopper = stopper
    case .failed(let reason): throw StartError(reason: reason)
    case nil: throw StartError(reason: "the daemon thread ended")
    }
  }

  /// Whether the real models were fetched.
  static var hasRealModels: Bool {
    ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf") != nil
      && ModelCache.path("minilm") != nil
  }

  /// Tells the daemon to drain, and does not wait.
  var drain: @Sendable () -> Void { stopper }

  /// Drains the daemon and waits for its end.
  func stop() -> Closing {
    stopper()
    thread.join()
    return closings.take(waiting: true).first ?? Closing()
  }

  private static func configuration(in folder: String, real: Bool) throws -> Configuration {
    var configuration = Configuration()
    if real, let language = ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
      let encoder = ModelCache.path("minilm")
    {
      configuration.models = [
        Configuration.Model(name: "language", path: language),
        Configuration.Model(name: "encoder", path: encoder),
      ]
    } else {
      try TinyModels.writeLlama(to: "\(folder)/llama")
      try TinyModels.writeBERT(to: "\(folder)/bert")
      configuration.models = [
        Configuration.Model(name: "language", path: "\(folder)/llama"),
        Configuration.Model(name: "encoder", path: "\(folder)/bert"),
      ]
    }
    for index in configuration.models.indices {
      configuration.models[index].tariff.microPerGigaMAC = 1000
    }
    configuration.unix?.path = "\(folder)/mete.sock"
    configuration.tcp = Configuration.TCPSocket()
    configuration.tcp?.port = 0
    configuration.tcp?.tenant = "loopback"
    configuration.engine.keyValueBytesMax = 256 << 20
    return configuration
  }
}

/// A log that goes nowhere.
struct Silence: LogHandler {
  var logLevel = Logger.Level.critical
  var metadata = Logger.Metadata()
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
  func log(event: LogEvent) {}
}

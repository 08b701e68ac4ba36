import Inference
import Serving
import Wire

/// A configuration file: refused with its reason, or obeyed the same way twice.
enum ConfigurationTarget {
  static func run(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    do throws(ConfigurationError) {
      let configuration = try Configuration(parsing: text, source: "fuzz.yaml")
      let again = try Configuration(parsing: text, source: "fuzz.yaml")
      precondition(configuration == again, "read twice, and different")
      check(configuration)
    } catch {
      precondition(error.source == "fuzz.yaml" && !error.reason.isEmpty, "\(error)")
      if Target.tells { print(error) }
    }
  }

  /// The limits are such as a HELLO may say, and a client takes them.
  private static func check(_ configuration: Configuration) {
    precondition(configuration.unix?.problem == nil, "a socket that cannot be")
    precondition(configuration.engine.keyValueBytesMax > 0, "\(configuration.engine)")
    let limits = configuration.limits.wire
    var server = Conversation(software: "meted", limits: limits, now: .zero)
    var client = ClientConversation(software: "mete", now: .zero)
    let events = client.receive(server.takeOutput(), now: .zero)
    guard case .greeted(let hello)? = events.first, !client.isFailed else {
      fatalError("no client takes these limits: \(events)")
    }
    precondition(hello.limits.streamsMax == limits.streamsMax, "\(hello)")
    _ = server.receive(client.takeOutput(), now: .zero)
    precondition(!server.isFailed, "a server that refuses our own client")
    server.checkInvariants()
  }
}

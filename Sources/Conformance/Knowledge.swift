import Loop
import Wire

/// What a server says of itself before any case runs.
struct Knowledge: Sendable {
  /// A model as `Models.List` shows it.
  struct Model: Sendable {
    let name: String
    let methods: [String]
    let parameters: UInt64
    let vocabulary: Int
    let positions: Int
    let width: Int

    init?(_ map: Value) {
      guard let name = map["name"]?.asString, let methods = map["methods"]?.asArray else {
        return nil
      }
      self.name = name
      self.methods = methods.compactMap(\.asString)
      parameters = map["parameters"]?.asUInt ?? 0
      vocabulary = map["vocabulary"]?.asInt ?? 0
      positions = map["positions_max"]?.asInt ?? 0
      width = map["width"]?.asInt ?? 0
    }
  }

  var software = ""
  var limits = Limits()
  var models: [Model] = []

  /// Asks a server; what it does not say stays empty, and the cases say why that is wrong.
  static func ask(_ address: Address, _ settings: Settings, on loop: EventLoop) -> Knowledge {
    var knowledge = Knowledge()
    let probe = Probe(on: loop, patience: settings.patience)
    do {
      try probe.connect(to: address)
      probe.send(.hello(Hello(software: "conformance")))
      let stream = probe.open("Models.List")
      try probe.messages(1, on: stream)
      let list = probe.answers[stream]?.messages.first?.asArray ?? []
      knowledge.models = list.compactMap(Model.init)
    } catch {
      // The cases will say it.
    }
    knowledge.limits = probe.server
    knowledge.software = probe.greeting?.software ?? ""
    probe.vanish()
    return knowledge
  }
}

extension Stage {
  /// The smallest model that can serve a method.
  func model(for method: String) throws -> Knowledge.Model {
    let found = server.models.filter { $0.methods.contains(method) }
      .min { $0.parameters < $1.parameters }
    guard let found else { throw Skip("no model here serves \(method)") }
    return found
  }

  /// Options that ask for the smallest model that can serve a method.
  func options(_ method: String, _ params: Value = [:], _ more: Value = [:]) throws -> Value {
    .map(
      [
        Value.Entry("model", .string(try model(for: method).name)), Value.Entry("params", params),
      ] + (more.asMap ?? [])
    )
  }

  /// Makes a call of a method that needs a model, and requires that it succeeds.
  func succeed(
    _ method: String,
    _ params: Value = [:],
    _ messages: [Value],
    on probe: Probe? = nil
  ) throws -> Answer {
    let probe = try probe ?? connect()
    return try probe.ask(method, try options(method, params), messages).ended("ok")
  }
}

public import Wire

/// Whether a server takes work.
public enum Health: String, Sendable {
  /// It does.
  case serving = "SERVING"
  /// It is going away.
  case notServing = "NOT_SERVING"

  init?(reading message: Value) {
    guard let known = message["status"]?.asString.flatMap(Health.init(rawValue:)) else {
      return nil
    }
    self = known
  }
}

/// What a server says of its health, now and whenever that changes.
public struct HealthWatch: AsyncSequence, Sendable {
  /// What it says.
  public typealias Element = Health

  /// What iterating throws.
  public typealias Failure = MeteError

  /// The call below.
  public let call: Call

  /// Begins to read; news is read once.
  ///
  /// - Returns: Where it comes out.
  public func makeAsyncIterator() -> Decoded<Health> {
    Decoded(call, "a known `status`", Health.init(reading:))
  }
}

extension MeteClient {
  /// The server's models.
  ///
  /// - Parameter options: What the call asks for.
  /// - Returns: One card per model, in the server's order.
  /// - Throws: `MeteError` for every end other than OK.
  public func models(options: CallOptions = CallOptions()) async throws(MeteError) -> [ModelCard] {
    let list = try await only("Models.List", options)
    let cards = list.asArray?.compactMap(ModelCard.init(reading:))
    guard let cards, cards.count == list.asArray?.count else {
      throw MeteError.badReply("Models.List", "an array of models")
    }
    return cards
  }

  /// One model of the server.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - options: What the call asks for; the model's name goes before the one in there.
  /// - Returns: The model's card.
  /// - Throws: `MeteError` for every end other than OK.
  public func model(
    named name: String,
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> ModelCard {
    var options = options
    options.model = name
    guard let card = ModelCard(reading: try await only("Models.Describe", options)) else {
      throw MeteError.badReply("Models.Describe", "a model")
    }
    return card
  }

  /// The bill of an earlier call, also of one whose connection was lost.
  ///
  /// - Parameters:
  ///   - call: The call's id.
  ///   - options: What this call asks for.
  /// - Returns: The bill.
  /// - Throws: `MeteError` NOT_FOUND when the server does not remember such a call of this tenant.
  public func bill(
    of call: CallID,
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Bill {
    let answer = try await only("Usage.Bill", options.adding(["call": .binary(call.bytes)]))
    guard let entries = answer.asMap, let bill = try? Bill(reading: entries) else {
      throw MeteError.badReply("Usage.Bill", "a bill")
    }
    return bill
  }

  /// Whether the server takes work.
  ///
  /// - Parameter options: What the call asks for.
  /// - Returns: What it says.
  /// - Throws: `MeteError` for every end other than OK.
  public func health(options: CallOptions = CallOptions()) async throws(MeteError) -> Health {
    let answer = try await only("Health.Check", options)
    guard let health = Health(reading: answer) else {
      throw MeteError.badReply("Health.Check", "a known `status`")
    }
    return health
  }

  /// Watches whether the server takes work: what it says now, and every change.
  ///
  /// The watch lasts until its deadline, or until the connection goes away, which is its error `draining`.
  ///
  /// - Parameter options: What the call asks for; a model asks about that one.
  /// - Returns: Where the news comes out.
  public func watchHealth(options: CallOptions = CallOptions()) -> HealthWatch {
    let call = call("Health.Watch", options: options)
    call.halfClose()
    return HealthWatch(call: call)
  }

  /// What the server can do, as it describes itself.
  ///
  /// - Parameter options: What the call asks for.
  /// - Returns: The map of PROTOCOL.md §5.1.
  /// - Throws: `MeteError` for every end other than OK.
  public func reflect(options: CallOptions = CallOptions()) async throws(MeteError) -> Value {
    try await only("Reflect.Describe", options)
  }

  /// Calls any method with all of its messages, and reads all answers.
  ///
  /// The input is in memory, so the call is made again where it cannot have done any work (`RetryPolicy`).
  ///
  /// - Parameters:
  ///   - method: The method's name.
  ///   - messages: What the method takes.
  ///   - options: What the call asks for.
  /// - Returns: The server's messages as they came, and the bill.
  /// - Throws: `MeteError` for every end other than OK.
  public func ask(
    _ method: String,
    sending messages: [Value],
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Billed<[Value]> {
    try await ask(method, messages, options, "a message") { $0 }
  }

  /// Calls a method that takes nothing and answers with one message.
  private func only(_ method: String, _ options: CallOptions) async throws(MeteError) -> Value {
    let answers = try await ask(method, [], options, "a message") { $0 }
    guard answers.value.count == 1 else { throw MeteError.badReply(method, "exactly one message") }
    return answers.value[0]
  }

  /// Sends all messages and reads all answers at the same time, for either may wait for the other's credit.
  func ask<Answer: Sendable>(
    _ method: String,
    _ messages: [Value],
    _ options: CallOptions,
    _ expected: String,
    _ decode: @escaping (Value) -> Answer?
  ) async throws(MeteError) -> Billed<[Answer]> {
    let call = repeatableCall(method, options: options)
    async let feeding = feed(messages, to: call)
    var answers: [Answer] = []
    do throws(MeteError) {
      var decoded = Decoded(call, expected, decode)
      while let answer = try await decoded.next() { answers.append(answer) }
      return Billed(answers, bill: try await call.result().bill)
    } catch {
      // A message that cannot be sent at all ends the call from our side; that is the reason then.
      if let reason = await feeding { throw reason.with(error.bill) }
      throw error
    }
  }

  /// Sends messages until one is refused.
  ///
  /// - Returns: Why a message can never be sent; an end of the call is not told, the reader hears of it.
  private func feed(_ messages: [Value], to call: Call) async -> MeteError? {
    for message in messages {
      do throws(MeteError) {
        try await call.send(message)
      } catch {
        guard error.detail == Detail.frameTooLarge.rawValue, error.bill == nil else { return nil }
        call.cancel()
        return error
      }
    }
    call.halfClose()
    return nil
  }
}

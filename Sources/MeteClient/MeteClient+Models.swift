import Wire

/// One label that a text was given.
public struct Label: Sendable, Equatable {
  /// Its name.
  public let name: String
  /// How sure the model is.
  public let score: Double
}

extension MeteClient {
  /// Generates text.
  ///
  /// - Parameters:
  ///   - input: The prompt.
  ///   - generation: How to generate.
  ///   - options: What the call asks for.
  /// - Returns: The tokens as they come.
  /// - Throws: `MeteError` when the call ends before it has taken the prompt.
  public func generate(
    _ input: Input,
    _ generation: GenerateOptions = GenerateOptions(),
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Generation {
    let call = repeatableCall("Generate", options: options.adding(generation.params))
    for piece in input.pieces { try await call.send(piece) }
    call.halfClose()
    return Generation(call: call)
  }

  /// Begins to predict along with an input that is still being written.
  ///
  /// - Parameters:
  ///   - topK: How many candidates per token; nil is the server's default.
  ///   - special: Whether the model's beginning-of-text token comes first; nil is the server's default.
  ///   - options: What the call asks for.
  /// - Returns: Where to send the pieces and to read the predictions.
  public func predict(
    topK: Int? = nil,
    special: Bool? = nil,
    options: CallOptions = CallOptions()
  ) -> Predictions {
    let options = options.adding([
      "top_k": topK.map { Value($0) }, "special": special.map(Value.bool),
    ])
    return Predictions(call: call("Predict", options: options))
  }

  /// Turns texts into vectors.
  ///
  /// - Parameters:
  ///   - texts: Each text on its own.
  ///   - normalize: Whether vectors have length 1; nil is as the model says.
  ///   - truncate: Whether a text that is too long is cut instead of refused.
  ///   - options: What the call asks for.
  /// - Returns: One vector per text, in order.
  /// - Throws: `MeteError` for every end other than OK.
  public func embed(
    _ texts: [String],
    normalize: Bool? = nil,
    truncate: Bool = false,
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Billed<[[Float]]> {
    let options = options.adding([
      "input": "each", "normalize": normalize.map(Value.bool),
      "truncate": truncate ? true : nil,
    ])
    let answers = try await ask("Embed", texts.map(Value.string), options, "[index, vector]") {
      message -> [Float]? in
      guard let items = message.asArray, items.count == 2 else { return nil }
      return items[1].asBytes.flatMap(floats)
    }
    return try oneEach(answers, texts.count, "Embed")
  }

  /// Gives texts labels.
  ///
  /// - Parameters:
  ///   - texts: Each text on its own.
  ///   - topK: How many labels per text; nil is all.
  ///   - pair: A second segment that every text is judged against.
  ///   - truncate: Whether a text that is too long is cut instead of refused.
  ///   - options: What the call asks for.
  /// - Returns: The labels of each text, in order, best first.
  /// - Throws: `MeteError` for every end other than OK.
  public func classify(
    _ texts: [String],
    topK: Int? = nil,
    pair: String? = nil,
    truncate: Bool = false,
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Billed<[[Label]]> {
    let options = options.adding([
      "input": "each", "top_k": topK.map { Value($0) }, "pair": pair.map(Value.string),
      "truncate": truncate ? true : nil,
    ])
    let answers = try await ask("Classify", texts.map(Value.string), options, "[index, labels]") {
      message -> [Label]? in
      guard let items = message.asArray, items.count == 2, let pairs = items[1].asArray
      else { return nil }
      let labels = pairs.compactMap(Label.init(reading:))
      return labels.count == pairs.count ? labels : nil
    }
    return try oneEach(answers, texts.count, "Classify")
  }

  /// Cuts text into a model's tokens.
  ///
  /// - Parameters:
  ///   - input: Text or bytes.
  ///   - special: Whether the model's special tokens are added; nil is the server's default.
  ///   - options: What the call asks for.
  /// - Returns: The token ids.
  /// - Throws: `MeteError` for every end other than OK.
  public func tokenize(
    _ input: Input,
    special: Bool? = nil,
    options: CallOptions = CallOptions()
  ) async throws(MeteError) -> Billed<[Int]> {
    let options = options.adding(["special": special.map(Value.bool)])
    let answers = try await ask("Tokenize", input.pieces, options, "token ids") {
      message -> [Int]? in
      guard let items = message.asArray else { return nil }
      let tokens = items.compactMap(\.asInt)
      return tokens.count == items.count ? tokens : nil
    }
    return Billed(answers.value.flatMap(\.self), bill: answers.bill)
  }

  private func oneEach<Item>(
    _ answers: Billed<[Item]>,
    _ count: Int,
    _ method: String
  ) throws(MeteError) -> Billed<[Item]> {
    guard answers.value.count == count else {
      throw MeteError.badReply(method, "one message per text").with(answers.bill)
    }
    return answers
  }
}

/// The float32 numbers of a little-endian binary; nil if its length is no multiple of four.
private func floats(_ bytes: [UInt8]) -> [Float]? {
  guard bytes.count % 4 == 0 else { return nil }
  return stride(from: 0, to: bytes.count, by: 4).map { at in
    let bits = (0 ..< 4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
    return Float(bitPattern: bits)
  }
}

import Models

// Input: pieces of text or tokens become tokens of the request, as far as they are certain.

extension Engine {
  mutating func take(_ piece: Piece, weight: Int, into sequence: Sequence) {
    guard !sequence.inputClosed else { return }
    let began = clock()
    sequence.heldWeight += weight
    do throws(Refusal) {
      switch sequence.request.task {
      case .tokenize:
        guard case .text = piece else {
          throw Refusal(.badInput, "Tokenize takes text, not tokens")
        }
        take(try sequence.intake.take(piece), sequence)
      case .embed(let parameters), .classify(let parameters):
        try takeText(piece, weight: weight, parameters, into: sequence)
      case .generate(let parameters):
        if case .tokens = piece, parameters.format != .raw {
          throw Refusal(.badInput, "format \"chat\" takes text, not tokens")
        }
        take(try sequence.intake.take(piece), sequence)
      case .predict, .classifyStream: take(try sequence.intake.take(piece), sequence)
      }
      try checkLength(of: sequence)
    } catch {
      charge(sequence, began)
      end(sequence, .refused(error))
      return
    }
    charge(sequence, began)
    queueIfReady(sequence)
    settle(sequence)
  }

  mutating func closeInput(of sequence: Sequence) {
    guard !sequence.inputClosed else { return }
    let began = clock()
    sequence.inputClosed = true
    do throws(Refusal) {
      switch sequence.request.task {
      case .tokenize, .predict, .classifyStream: take(try sequence.intake.finish(), sequence)
      case .embed(let parameters), .classify(let parameters):
        if !parameters.eachPiece {
          try add(sequence.intake.whole(), weight: 0, parameters, to: sequence)
        }
      case .generate(let parameters): try finishPrompt(parameters, of: sequence)
      }
      try checkLength(of: sequence)
    } catch {
      charge(sequence, began)
      end(sequence, .refused(error))
      return
    }
    charge(sequence, began)
    queueIfReady(sequence)
    if let prompt = sequence.promptCount, case .generate(let parameters) = sequence.request.task {
      let room = lanes[sequence.lane].positionsMax - prompt
      queue(sequence, positions: prompt + min(parameters.tokensMax, room) - 1)
    }
    settle(sequence)
  }

  private func charge(_ sequence: Sequence, _ began: Duration) {
    sequence.bill.computing += clock() - began
  }

  private mutating func finishPrompt(
    _ parameters: GenerateParameters,
    of sequence: Sequence
  ) throws(Refusal) {
    let lane = lanes[sequence.lane]
    take(try sequence.intake.finish(), sequence)
    let count = sequence.tokens.count
    guard count > 0 else {
      throw Refusal(.badInput, "the prompt is empty; send at least one token")
    }
    guard count < lane.positionsMax else {
      throw Refusal(
        .contextTooLong,
        "\(count) tokens leave no room in the \(lane.positionsMax) positions of \(lane.name)"
      )
    }
    sequence.promptCount = count
    sequence.generation = Generation(
      parameters,
      tokenizer: lane.tokenizer,
      prompt: sequence.tokens,
      room: lane.positionsMax - count
    )
  }

  private mutating func takeText(
    _ piece: Piece,
    weight: Int,
    _ parameters: EncodeParameters,
    into sequence: Sequence
  ) throws(Refusal) {
    guard parameters.eachPiece else {
      try sequence.intake.gather(piece, bytesMax: limits.textBytesMax)
      return
    }
    try add(piece, weight: weight, parameters, to: sequence)
    sequence.heldWeight -= weight
  }

  /// Lines up a whole text for an encoder.
  private mutating func add(
    _ piece: Piece,
    weight: Int,
    _ parameters: EncodeParameters,
    to sequence: Sequence
  ) throws(Refusal) {
    let lane = lanes[sequence.lane]
    let (tokens, types) = try sequence.intake.encode(
      piece,
      parameters,
      positionsMax: lane.positionsMax
    )
    // Without segments (0 of them) a pair is told apart by its special tokens alone.
    guard case .encoder(let forward) = lane.forward,
      forward.configuration.typesCount == 0
        || types.allSatisfy({ $0 < forward.configuration.typesCount })
    else { throw Refusal(.unsuitableModel, "\(lane.name) knows no second segment; leave out pair") }
    sequence.texts.append(
      EncoderText(index: sequence.nextIndex, tokens: tokens, types: types, weight: weight)
    )
    sequence.nextIndex += 1
    sequence.bill.work.tokensIn += tokens.count
    counters.tokensIn += tokens.count
    if sequence.enqueued == nil { sequence.enqueued = clock() }
  }

  private func checkLength(of sequence: Sequence) throws(Refusal) {
    let lane = lanes[sequence.lane]
    let limit: Int
    switch sequence.request.task {
    case .predict(let parameters): limit = min(parameters.tokensMax, lane.positionsMax)
    case .classifyStream(let parameters) where lane.pool != nil:
      limit = min(parameters.tokensMax, lane.positionsMax)
    case .generate: limit = lane.positionsMax
    default: return
    }
    guard sequence.tokens.count <= limit else {
      throw Refusal(
        .contextTooLong,
        "more than \(limit) tokens: \(lane.name) has \(lane.positionsMax) positions, "
          + "and a stream reads at most max_tokens"
      )
    }
  }

  /// Gets a Predict request into the queue once it has something to run: one that sends nothing holds
  /// nothing.
  private mutating func queueIfReady(_ sequence: Sequence) {
    guard sequence.stage == .gathering, !sequence.tokens.isEmpty,
      let tokensMax = sequence.request.task.streamedMax
    else { return }
    let room = min(tokensMax, lanes[sequence.lane].positionsMax)
    queue(sequence, positions: sequence.inputClosed ? sequence.tokens.count : room)
  }

  /// Gives credit back for input that is no longer held, sends what a tokenizer has, and ends what
  /// is complete.
  mutating func settle(_ sequence: Sequence) {
    guard sequences[sequence.id] != nil else { return }
    if case .tokenize = sequence.request.task { flushTokens(of: sequence) }
    if sequence.stream != nil {
      release(sequence)
      guard sequences[sequence.id] != nil else { return }
    }
    if sequence.stream?.isWindowed == true { fillWindows(of: sequence) }
    let pending = sequence.tokens.count - sequence.position
    let takesMore: Bool
    switch sequence.request.task {
    case .predict, .classifyStream: takesMore = pending < limits.pendingTokensMax
    case .tokenize: takesMore = pending == 0
    case .generate, .embed, .classify: takesMore = true
    }
    if takesMore, sequence.heldWeight > 0 {
      emissions.append(.consumed(sequence.id, weight: sequence.heldWeight))
      sequence.heldWeight = 0
    }
    guard sequence.inputClosed, pending == 0, sequence.texts.isEmpty else { return }
    if case .generate = sequence.request.task { return }
    // What its last tokens came to waits for slots.
    guard sequence.stream?.flying.isEmpty ?? true else { return }
    end(sequence, .finished(sequence.isSpent ? .budget : .complete))
  }

  private mutating func flushTokens(of sequence: Sequence) {
    while sequence.slots > 0, sequence.position < sequence.tokens.count {
      let next = min(sequence.tokens.count, sequence.position + limits.pendingTokensMax)
      emit(.tokens(sequence.id, Array(sequence.tokens[sequence.position ..< next])), sequence)
      sequence.position = next
    }
    sequence.tokens.removeFirst(sequence.position)
    sequence.position = 0
  }
}

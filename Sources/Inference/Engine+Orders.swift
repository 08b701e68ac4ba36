import Models

// Orders in: opening, input, credit, and ends from outside.

extension Engine {
  mutating func apply(_ order: Order) {
    switch order {
    case .open(let request): open(request)
    case .input(let id, let piece, let weight):
      if let sequence = sequences[id] { take(piece, weight: weight, into: sequence) }
    case .endOfInput(let id):
      if let sequence = sequences[id] { closeInput(of: sequence) }
    case .credit(let id, let slots):
      if let sequence = sequences[id] {
        sequence.slots += slots
        // A tokenizer's tokens wait for slots outside of any batch.
        if case .tokenize = sequence.request.task { settle(sequence) }
        if sequence.stream != nil { settle(sequence) }
      }
    case .end(let id, let interruption):
      if let sequence = sequences[id] { end(sequence, .interrupted(interruption)) }
    case .tick, .echo: break
    }
  }

  private mutating func open(_ request: Request) {
    precondition(sequences[request.id] == nil, "sequence \(request.id) was opened twice")
    guard let index = lanes.firstIndex(where: { $0.name == request.model }) else {
      refuse(
        request,
        Refusal(.unknownModel, "there is no model \"\(request.model)\"; see Models.List")
      )
      return
    }
    let lane = lanes[index]
    do throws(Refusal) {
      try lane.check(request.task)
    } catch {
      refuse(request, error)
      return
    }
    guard sequences.count < limits.sequencesMax else {
      var refusal = Refusal(
        .queueFull,
        "\(limits.sequencesMax) requests are open, as many as may be; try later"
      )
      refusal.retryAfter = nextEnd()
      refuse(request, refusal)
      return
    }
    let sequence = Sequence(
      request,
      lane: index,
      intake: lane.intake(for: request.task)
    )
    sequences[request.id] = sequence
    if let deadline = request.deadline {
      nextDeadline = min(deadline, nextDeadline ?? deadline)
    }
    fairness.enter(request.tenant)
    do throws(Refusal) {
      if case .classifyStream(let parameters) = request.task { try begin(parameters, sequence) }
      try checkSettings(of: sequence)
      let isLate = sequence.isExpired(at: clock())
      if !isLate, !sequence.request.task.isFree { try checkWait(sequence.request) }
    } catch {
      end(sequence, .refused(error))
      return
    }
    if sequence.isExpired(at: clock()) {
      end(sequence, .expired)
    } else {
      start(sequence)
    }
  }

  private mutating func start(_ sequence: Sequence) {
    switch sequence.request.task {
    case .generate, .predict: break
    case .classifyStream:
      if lanes[sequence.lane].pool == nil { run(sequence) }
    case .tokenize, .embed, .classify: run(sequence)
    }
  }

  /// Lets an encoder's or tokenizer's request run at once: it needs no pages.
  private mutating func run(_ sequence: Sequence) {
    sequence.stage = .running
    if case .tokenize = sequence.request.task { return }
    lanes[sequence.lane].running.append(sequence)
  }

  /// Ends a request that never became a sequence.
  private mutating func refuse(_ request: Request, _ refusal: Refusal) {
    var bill = Bill()
    bill.total = clock() - request.arrived
    emissions.append(.ended(request.id, .refused(refusal), bill))
  }

  /// Counts tokens as read and lines them up for the model.
  mutating func take(_ tokens: [Int32], _ sequence: Sequence) {
    sequence.tokens += tokens
    sequence.bill.work.tokensIn += tokens.count
    counters.tokensIn += tokens.count
  }

  /// Puts a request in the queue for pages, or refuses what can never fit, finds the queue full or would wait too long.
  mutating func queue(_ sequence: Sequence, positions: Int) {
    guard let pool = lanes[sequence.lane].pool else { preconditionFailure("a lane without pages") }
    sequence.enqueued = clock()
    sequence.pagesWanted = pool.pages(for: positions)
    guard sequence.pagesWanted <= pool.count else {
      let text =
        "\(positions) positions need \(sequence.pagesWanted) pages of keys and values; "
        + "there are \(pool.count) in all. Ask for fewer tokens or raise the memory limit"
      end(sequence, .refused(Refusal(.inputTooLarge, text)))
      return
    }
    sequence.stage = .queued
    lanes[sequence.lane].waiting.append(sequence)
    admit(lane: sequence.lane)
    guard sequence.stage == .queued else { return }
    do throws(Refusal) {
      try checkPageWait(of: sequence)
    } catch {
      end(sequence, .refused(error))
    }
  }

  /// Gives pages to waiting requests, the least served tenant first; who does not fit holds up the
  /// rest, so that nobody is passed over for ever.
  mutating func admit(lane index: Int) {
    guard !lanes[index].waiting.isEmpty else { return }
    for sequence in fairness.order(lanes[index].waiting) {
      guard givePages(to: sequence) else { return }
      sequence.stage = .running
      sequence.admitted = clock()
      lanes[index].waiting.removeAll { $0 === sequence }
      lanes[index].running.append(sequence)
    }
  }
}

// Ends: whatever happens to a request, it passes through `end` exactly once.

extension Engine {
  /// Sends a result and takes its slot.
  mutating func emit(_ emission: Emission, _ sequence: Sequence) {
    if sequence.rail != nil {
      sequence.railLabel = emission.likeliest ?? sequence.railLabel
      return
    }
    precondition(sequence.slots > 0, "sequence \(sequence.id.number) sends without a slot")
    sequence.slots -= 1
    emissions.append(emission)
  }

  /// Ends requests whose deadline has passed.
  mutating func expire(at now: Duration) {
    guard let due = nextDeadline, now >= due else { return }
    for sequence in sequences.values.filter({ $0.isExpired(at: now) }).sorted(by: { $0.id < $1.id })
    {
      end(sequence, .expired, at: now)
    }
    nextDeadline = sequences.values.compactMap(\.request.deadline).min()
  }

  /// Ends requests that hold pages and wait for their client, while others wait for pages.
  mutating func endStalled() {
    let now = clock()
    for lane in lanes where lane.pool != nil {
      for sequence in lane.running {
        if sequence.hasRow {
          sequence.stalledSince = nil
        } else if let since = sequence.stalledSince {
          let isTooLong = now - since >= limits.stallMax
          if isTooLong, !lane.waiting.isEmpty { end(sequence, .interrupted(.stalled)) }
        } else {
          sequence.stalledSince = now
        }
      }
    }
  }

  /// Ends a request: its pages are free, its bill goes out, its work is in the books.
  ///
  /// - Parameters:
  ///   - sequence: an open one.
  ///   - outcome: how it ends.
  ///   - moment: when the engine saw that it does; nil is now.
  mutating func end(_ sequence: Sequence, _ outcome: Outcome, at moment: Duration? = nil) {
    guard sequences.removeValue(forKey: sequence.id) != nil else {
      preconditionFailure("sequence \(sequence.id.number) ended twice")
    }
    if sequence.flight != nil { hasEndedInStep = true }
    dropParked(of: sequence)
    lanes[sequence.lane].waiting.removeAll { $0 === sequence }
    lanes[sequence.lane].running.removeAll { $0 === sequence }
    lanes[sequence.lane].pool?.giveBack(sequence.pages)
    sequence.pages = []
    chargeTenant(of: sequence)
    fairness.leave(sequence.request.tenant)
    let now = moment ?? clock()
    sequence.land(now)
    sequence.bill.total = now - sequence.request.arrived
    if let enqueued = sequence.enqueued {
      sequence.bill.queued = (sequence.admitted ?? now) - enqueued
    }
    // Others have deadlines from the server, which hurry nobody.
    if let deadline = sequence.request.deadline, sequence.request.hurries, outcome.mindsDeadline {
      let late = max(.zero, now - deadline)
      sequence.bill.punctuality = Punctuality(late: late, layer: layer.took)
    }
    if sequence.heldWeight > 0 {
      emissions.append(.consumed(sequence.id, weight: sequence.heldWeight))
    }
    let waiting = sequence.texts.reduce(0) { $0 + $1.weight }
    if waiting > 0 { emissions.append(.consumed(sequence.id, weight: waiting)) }
    if !sequence.request.task.explicit.isEmpty { measureEffort(of: sequence) }
    billed.add(sequence.bill.work)
    if let check = sequence.rail { return conclude(sequence, check, outcome) }
    if case .finished = outcome {
      watchOver(sequence)
      learnLength(of: sequence)
    }
    emissions.append(.ended(sequence.id, outcome, sequence.bill))
  }

  /// Takes note of the layer that has just run: what is told before the next look may be late by it.
  mutating func noteLayer() {
    if let began = layer.began { layer.took = clock() - began }
  }

  /// Looks at the clock and at urgent orders, between layers; true if a request ended.
  mutating func interrupt() -> Bool {
    let before = sequences.count
    for order in urgent() {
      if case .end(let id, _) = order, sequences[id] != nil {
        apply(order)
      } else {
        deferred.append(order)
      }
    }
    let now = clock()
    if let began = layer.began { layer.took = now - began }
    layer.began = now
    expire(at: now)
    return sequences.count != before
  }
}

extension Emission {
  /// The likeliest label that a result names.
  var likeliest: String? {
    switch self {
    case .labels(_, _, let scores): scores.first?.label
    case .verdict(_, let verdict): verdict.scores.first?.label
    default: nil
    }
  }
}

import Inference
import Wire

// From the engine's words to the protocol's: the one place that knows both.

extension Refusal {
  /// The protocol's word for it.
  var detail: Detail {
    switch code {
    case .unknownModel: .unknownModel
    case .unsuitableModel: .unsuitableModel
    case .badInput: .badMessage
    case .badSetting: .badOption
    case .contextTooLong: .contextTooLong
    case .inputTooLarge: .inputTooLarge
    case .queueFull: .queueFull
    case .budgetTooSmall: .budgetTooSmall
    }
  }
}

extension Finish {
  /// The word in END's metadata; nil if there is nothing to tell.
  var word: String? {
    switch self {
    case .complete: nil
    case .endOfText: "stop"
    case .stopString: "stop_string"
    case .length: "length"
    case .budget: "budget"
    case .watched: "watch"
    }
  }
}

extension End {
  /// The END of a request that the engine has ended.
  ///
  /// - Parameters:
  ///   - outcome: how the engine ended it.
  ///   - worked: whether any work was done, for the text of a drain.
  init(_ outcome: Outcome, worked: Bool) {
    switch outcome {
    case .finished(let finish):
      self.init(.ok)
      if let word = finish.word { metadata["finish"] = .string(word) }
    case .expired: self.init(.deadline, text: "the deadline passed")
    case .refused(let refusal):
      self.init(refusal.detail, text: refusal.text)
      if let wait = refusal.retryAfter { say(retryAfter: wait) }
      if let least = refusal.leastMACs { metadata["least_macs"] = .string("\(least)") }
    case .interrupted(.cancelled): self.init(.cancelled)
    case .interrupted(.draining):
      self.init(
        .draining,
        text: worked
          ? "the server is going away; work was done, see the bill"
          : "the server is going away; no work was done"
      )
    case .interrupted(.stalled):
      self.init(
        .stalled,
        text:
          "others waited for its memory, and it waited for input or credit; send and read faster"
      )
    case .interrupted(.violated):
      self.init(.internal, text: "the call was ended for a reason that was lost")
    }
  }

  /// Says after which time the call may be tried again.
  mutating func say(retryAfter wait: Duration) {
    metadata["retry_after_ms"] = .string("\(max(1, Int64((wait / .milliseconds(1)).rounded(.up))))")
  }
}

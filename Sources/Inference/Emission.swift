/// What the engine has to tell, in order per sequence.
public enum Emission: Sendable, Equatable {
  /// A token of generated text.
  case token(SequenceID, GeneratedToken)
  /// What the model expects after one token of the input.
  case prediction(SequenceID, Prediction)
  /// The embedding of the text with this index.
  case embedding(SequenceID, index: Int, [Float])
  /// Labels and scores of the text with this index, best first.
  case labels(SequenceID, index: Int, [LabelScore])
  /// What a model says of a stream after one of its tokens.
  case verdict(SequenceID, Verdict)
  /// Token ids of text that came in.
  case tokens(SequenceID, [Int32])
  /// An answer was computed again by the whole model, in idle time.
  case checked(RailReport)
  /// Pieces of this total weight are no longer held.
  case consumed(SequenceID, weight: Int)
  /// The request is over; nothing follows.
  case ended(SequenceID, Outcome, Bill)

  /// Which sequence this is about.
  public var id: SequenceID {
    switch self {
    case .token(let id, _), .prediction(let id, _), .embedding(let id, _, _), .labels(let id, _, _),
      .verdict(let id, _), .tokens(let id, _), .consumed(let id, _), .ended(let id, _, _):
      id
    case .checked: SequenceID(Engine.railNumbersFrom)
    }
  }

  /// Whether it takes one of the sequence's slots: results do.
  public var takesSlot: Bool {
    switch self {
    case .consumed, .ended, .checked: false
    default: true
    }
  }
}

/// A token of generated text.
public struct GeneratedToken: Sendable, Equatable {
  /// The token's id.
  public var token: Int32
  /// Text that became certain with it: whole characters, perhaps none.
  public var text: String
  /// ln of its probability before temperature and filters.
  public var logProbability: Float
}

/// What the model expects after one token.
public struct Prediction: Sendable, Equatable {
  /// The token's place in the input, from 0.
  public var position: Int
  /// The token that was read.
  public var token: Int32
  /// Likeliest next tokens with ln of their probabilities, best first.
  public var candidates: [Candidate]
}

/// A possible next token.
public struct Candidate: Sendable, Equatable {
  /// The token's id.
  public var token: Int32
  /// ln of its probability.
  public var logProbability: Float
}

/// A label of a classifier and its probability.
public struct LabelScore: Sendable, Equatable {
  /// The label's name in the model's configuration.
  public var label: String
  /// 0 … 1; over all labels they sum to 1 unless the model is multi-label.
  public var score: Float
}

/// An answer that was spared work, beside what the whole model says.
public struct RailReport: Sendable, Equatable {
  /// Which model.
  public var model: String
  /// Whether it was a verdict of a stream.
  public var isStream: Bool
  /// The effort that it was given.
  public var effort: Double
  /// Whether both name the same label; nil if the check did not come to an end.
  public var agrees: Bool?
  /// Efforts below this are raised to it from now on, because of this; nil for most.
  public var raisedTo: Double?
  /// What the check cost: the operator's.
  public var bill: Bill
}

/// How a request ended.
public enum Outcome: Sendable, Equatable {
  /// It did what was asked.
  case finished(Finish)
  /// It was ended from outside.
  case interrupted(Interruption)
  /// Its deadline passed.
  case expired
  /// It cannot be served; says why.
  case refused(Refusal)
}

/// What made a successful request stop.
public enum Finish: Sendable, Equatable {
  /// All input was answered.
  case complete
  /// The model produced an end-of-text token.
  case endOfText
  /// A stop string appeared.
  case stopString
  /// The token limit was reached.
  case length
  /// What the request may cost is spent.
  case budget
  /// What a stream's watch waited for has come.
  case watched
}

/// Why a request cannot be served.
public struct Refusal: Error, Sendable, Equatable {
  /// The reason, from a closed list.
  public var code: Code
  /// One sentence with the numbers: what was asked, what the limit is, what to do.
  public var text: String
  /// When it may be tried again, if that is known.
  public var retryAfter: Duration?
  /// The least budget that pays for an answer, if that is why.
  public var leastMACs: Int?

  /// Why a request cannot be served.
  public enum Code: Sendable, Equatable {
    /// The engine has no model of that name.
    case unknownModel
    /// The model cannot do what is asked.
    case unsuitableModel
    /// A setting that the model has not, or not so.
    case badSetting
    /// A piece of input that the task does not take.
    case badInput
    /// More positions than the model or the request's own limit has.
    case contextTooLong
    /// More memory than the engine has at all.
    case inputTooLarge
    /// What the request may cost does not pay for any answer.
    case budgetTooSmall
    /// Too many requests wait.
    case queueFull
  }

  /// Refuses with a reason.
  public init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }
}

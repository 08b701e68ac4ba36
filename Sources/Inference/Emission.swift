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
  /// Token ids of text that came in.
  case tokens(SequenceID, [Int32])
  /// Pieces of this total weight are no longer held.
  case consumed(SequenceID, weight: Int)
  /// The request is over; nothing follows.
  case ended(SequenceID, Outcome, Bill)

  /// Which sequence this is about.
  public var id: SequenceID {
    switch self {
    case .token(let id, _), .prediction(let id, _), .embedding(let id, _, _), .labels(let id, _, _),
      .tokens(let id, _), .consumed(let id, _), .ended(let id, _, _):
      id
    }
  }

  /// Whether it takes one of the sequence's slots: results do.
  public var takesSlot: Bool {
    switch self {
    case .consumed, .ended: false
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
}

/// Why a request cannot be served.
public struct Refusal: Error, Sendable, Equatable {
  /// The reason, from a closed list.
  public var code: Code
  /// One sentence with the numbers: what was asked, what the limit is, what to do.
  public var text: String

  /// Why a request cannot be served.
  public enum Code: Sendable, Equatable {
    /// The engine has no model of that name.
    case unknownModel
    /// The model cannot do what is asked.
    case unsuitableModel
    /// A piece of input that the task does not take.
    case badInput
    /// More positions than the model or the request's own limit has.
    case contextTooLong
    /// More memory than the engine has at all.
    case inputTooLarge
    /// Too many requests wait.
    case queueFull
  }

  /// Refuses with a reason.
  public init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }
}

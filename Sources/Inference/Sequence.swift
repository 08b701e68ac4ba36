import Models

/// A request inside the engine: what is known of its input, where it stands, what it has cost.
///
/// Owned by the engine alone. A class because it has identity: batches, queues and the table of open
/// requests speak of the same one.
final class Sequence {
  let request: Request
  /// Its model's place among the engine's lanes.
  let lane: Int
  var bill = Bill()
  var stage = Stage.gathering
  /// Result messages that may still be sent.
  var slots: Int
  var intake: Intake
  var inputClosed = false
  /// Weight of pieces that were taken in but not yet given back as credit.
  var heldWeight = 0

  // A language model's view: one growing row of tokens and the pages of its keys and values.
  var tokens: [Int32] = []
  /// Tokens whose keys and values are in the cache.
  var position = 0
  var pages: [Int32] = []
  var pagesWanted = 0
  /// Its first pages that others can share; nil once somebody else's page held the same first.
  var pagesOffered: Int? = 0
  /// Where the prompt ends and the answer begins; nil until the prompt is whole, and for Predict.
  var promptCount: Int?
  var generation: Generation?

  // An encoder's view: whole texts, the next one first.
  var texts: [EncoderText] = []
  var nextIndex = 0

  /// The answer that it computes again; nil for everybody's requests.
  var rail: SafetyRail.Case?
  /// What is left of the whole model's work on it when load has lowered its effort as far as it may.
  ///
  /// With the least effort that checks had left when it was found.
  var leastShare: (floor: Double, share: Double)?
  /// Whether its budget has made a text or a token leave at an exit that was not sure.
  var isSpent = false
  /// What the whole model said.
  var railLabel: String?
  /// Of a request that classifies a stream.
  var stream: TokenStream?

  var enqueued: Duration?
  var admitted: Duration?
  /// Since when it holds pages and has no row to run.
  var stalledSince: Duration?
  /// MACs that its tenant was charged for, in scheduling.
  var macsCharged = 0
  /// Its part in the step that runs right now.
  var flight: Flight?

  enum Stage {
    /// Input arrives; nothing can run yet.
    case gathering
    /// Waits for pages.
    case queued
    /// May take part in steps.
    case running
  }

  init(_ request: Request, lane: Int, intake: Intake) {
    self.request = request
    self.lane = lane
    self.intake = intake
    slots = request.slots
  }

  var id: SequenceID { request.id }

  /// Whether its deadline has passed.
  func isExpired(at now: Duration) -> Bool { request.deadline.map { $0 <= now } ?? false }

  /// Whether a step could take a row of it now.
  var hasRow: Bool {
    stage == .running && slots > 0
      && (!texts.isEmpty || position < tokens.count && stream?.isWindowed != true)
  }
}

/// A text that an encoder is to read, special tokens included.
struct EncoderText {
  let index: Int
  let tokens: [Int32]
  /// Segment of each token.
  let types: [Int32]
  /// Credit weight of the piece it came in.
  let weight: Int
  /// Of a stream's window, the token that it is about.
  var row: StreamRow?
}

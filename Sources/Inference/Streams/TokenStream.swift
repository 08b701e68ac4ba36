import Models

/// A classified stream inside the engine: how tokens leave, what those that left still owe, and what is to be told.
///
/// Positions that have left lie behind those on their way, and the deeper layers hold keys and values of a prefix of them: a
/// token that goes deeper takes all earlier ones along. So `parked` is ascending in position and descending in depth.
final class TokenStream {
  let parameters: StreamParameters
  /// When a token of a language model leaves; nil for an encoder, whose texts have settings of their own.
  var rule: ExitRule?
  let policy: StreamPolicy
  /// Tokens that have left before the last layer, of a language model.
  var parked: [ParkedRow] = []
  /// Of every exit, the sum over all tokens so far of their rows at its layer, each divided by its root mean square.
  var sums: [[Double]] = []
  /// Tokens on their way, in order; those that are over leave it in order.
  var flying: [StreamRow] = []
  /// Whether an encoder reads its last tokens anew for every verdict.
  var isWindowed = false
  /// Whether it has a budget, which may end any token's way at any exit.
  let isBudgeted: Bool
  /// Whether its deadline may come before the tokens of this step are through, so that every exit is asked what it would say.
  var isHurried = false
  /// Multiply-accumulates for all tokens that are over, and what the dense model would have spent on them.
  private(set) var macs = 0
  private(set) var macsDense = 0
  /// What the last tokens ran with; nil is everything.
  var setting: EffortCurve.Point?
  /// The last token that a verdict is about, its likeliest label, and whether its budget or its deadline alone made it leave there.
  var lastSaid: (position: Int, label: String?, isForced: Bool) = (-1, nil, false)
  /// Tokens that have set out.
  var setOut = 0
  /// Tokens in a row that the watch was true of.
  private var run = 0
  private let watched: Int?
  /// Bytes of text that a verdict carries of tokens before its own.
  private static let passedOverMax = 65_536
  /// Text of tokens that no verdict is about.
  private var passedOver: [UInt8] = []
  private var detokenizer: StreamingDetokenizer?
  /// Tokens of an encoder's stream that came before `Sequence.tokens`.
  var dropped = 0

  init(
    _ parameters: StreamParameters,
    isBudgeted: Bool,
    labels: [String],
    exits: TokenExits?,
    tokenizer: Tokenizer
  ) {
    self.parameters = parameters
    self.isBudgeted = isBudgeted
    policy = exits?.policy(asked: parameters.policy) ?? .defer
    watched = parameters.watch.flatMap { labels.firstIndex(of: $0.label) }
    if let exits {
      sums = exits.layers.map { _ in [Double](repeating: 0, count: exits.features / 2) }
    }
    if parameters.text { detokenizer = StreamingDetokenizer(tokenizer) }
  }

  /// Verdicts that may go out now, at most `slots`: no token's before that of an earlier one.
  ///
  /// - Returns: the verdicts, and whether the watch ends the call.
  func release(slots: Int) -> (verdicts: [Verdict], isEnded: Bool) {
    var told: [Verdict] = []
    var (before, dense) = (macs, macsDense)
    for row in flying {
      defer { before += row.macs }
      dense += row.macsDense
      if watched == nil {
        let room = slots - told.count
        guard room > 0 || row.pending.isEmpty else { break }
        // Of corrections that have piled up behind a slow reader the newest counts.
        let due = row.pending.count > room ? row.pending.suffix(1) : row.pending[...]
        told += due.map { stamped($0, before, dense) }
        row.pending = []
        guard row.isOver || parameters.refines && row.last != nil else { break }
      } else {
        guard row.isOver, told.count < slots else { break }
        row.pending = []
        guard let last = row.last, isDue(row) else { continue }
        told.append(stamped(last, before, dense))
        if parameters.watch?.ends == true { return (told, true) }
      }
    }
    while let row = flying.first, row.isOver, row.pending.isEmpty, isTold(row) {
      flying.removeFirst()
      macs += row.macs
      macsDense += row.macsDense
    }
    return (told, false)
  }

  /// Whether nothing holds a token back that is over.
  private func isTold(_ row: StreamRow) -> Bool { watched == nil || row.isCounted }

  /// Counts a token for the watch, and says whether that is when it becomes true.
  private func isDue(_ row: StreamRow) -> Bool {
    guard let watched, let watch = parameters.watch, !row.isCounted else { return false }
    row.isCounted = true
    run = row.probabilities[watched] > watch.above ? run + 1 : 0
    return run == watch.tokens
  }

  private func stamped(_ verdict: Verdict, _ macs: Int, _ dense: Int) -> Verdict {
    var verdict = verdict
    // Its own part is that of when it was said: a token may go on for others' sake.
    verdict.macs += macs
    verdict.macsDense = dense
    return verdict
  }

  /// The text that a token makes certain, behind that of tokens which were passed over; tokens come in order, each once.
  func text(of token: Int32) -> String? {
    guard let piece = detokenizer?.append(token) else { return nil }
    defer { passedOver = [] }
    return String(decoding: passedOver + piece, as: UTF8.self)
  }

  /// Notes a token that no verdict is about.
  func passOver(_ token: Int32) {
    guard let piece = detokenizer?.append(token) else { return }
    passedOver += piece
    // Of a stride without end the newest text is kept.
    passedOver.removeFirst(max(0, passedOver.count - Self.passedOverMax))
  }
}

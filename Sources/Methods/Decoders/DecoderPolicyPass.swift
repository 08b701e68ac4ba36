public import Models
public import Tensors

/// A decoder with exits as it is served: a token that is sure leaves, and later tokens attend to what it left behind.
///
/// Under `propagate` the layers after its exit only get keys and values, projected from its row as it left. The whole of a
/// text can go layer by layer even so: whether a token leaves depends on tokens up to it, at layers up to the exit.
/// Elhoushi et al., "LayerSkip", arXiv:2404.16710, and Schuster et al., "Confident Adaptive Language Modeling",
/// arXiv:2207.07061, propagate in this way; `StreamPolicy` has both ways.
public struct DecoderPolicyPass: Sendable {
  /// The backbone.
  public let pass: DecoderPass
  /// Its exits; the last stands after its last layer.
  public let heads: TokenHeads<Float>

  /// Joins a backbone and its exits.
  public init(_ pass: DecoderPass, _ heads: TokenHeads<Float>) {
    precondition(
      heads.layers.last == pass.configuration.layers && heads.layers[0] > 0
        && heads.width == pass.featureWidth,
      "exits after \(heads.layers) of \(pass.configuration.layers), \(heads.width) numbers wide"
    )
    self.pass = pass
    self.heads = heads
  }

  /// What all exits say if no token leaves.
  ///
  /// - Parameters:
  ///   - batch: texts of at most `pass.tokensMax` tokens.
  ///   - tape: one that does not record.
  /// - Returns: for every exit and token.
  public func dense(_ batch: TokenBatch, _ tape: Tape<Float>) -> ExitVerdicts {
    Self.dense([heads], pass, batch, tape)[0]
  }

  /// What all exits of several sets of heads after the same layers say, from one pass.
  static func dense(
    _ sets: [TokenHeads<Float>],
    _ pass: DecoderPass,
    _ batch: TokenBatch,
    _ tape: Tape<Float>
  ) -> [ExitVerdicts] {
    let rows = pass.hidden(batch, after: sets[0].layers, tape).map {
      pass.features($0, batch, tape)
    }
    return sets.map { heads in
      var logits: [Variable<Float>] = []
      let exits = rows.indices.map { exit in
        logits.append(heads.logits(exit: exit, rows[exit], before: logits.last, tape))
        let opinions = Opinions(heads.scores(exit: exit, logits, tape), tape)
        var verdicts = TokenVerdicts(lengths: batch.lengths)
        verdicts.exits = [Int](repeating: exit, count: batch.rows)
        verdicts.classes = opinions.classes
        verdicts.confidences = opinions.confidences
        return verdicts
      }
      return ExitVerdicts(exits: exits)
    }
  }

  /// What is answered under `propagate`.
  ///
  /// Up to the first exit that a rule asks, all tokens are on their way, whatever the rule: so one pass goes through the layers
  /// for all of them, and each rule branches off where its first exit stands. What a rule costs here is only what comes behind.
  ///
  /// - Parameters:
  ///   - batch: texts of at most `pass.tokensMax` tokens.
  ///   - rules: when a token leaves.
  ///   - tape: one that does not record.
  /// - Returns: for each rule.
  public func propagate(
    _ batch: TokenBatch,
    _ rules: [ExitRule],
    _ tape: Tape<Float>
  ) -> [TokenVerdicts] {
    var found = rules.map { _ in TokenVerdicts(lengths: batch.lengths) }
    var trunk = Walk(x: pass.embedded(batch, tape), verdicts: TokenVerdicts(lengths: batch.lengths))
    for exit in 0 ... (rules.map(\.first).max() ?? 0) {
      go(&trunk, to: exit, batch, tape)
      for (place, rule) in rules.enumerated() where rule.first == exit {
        found[place] = branch(trunk, rule, batch, tape)
      }
    }
    return found
  }

  /// The rest of the way under a rule, from its first exit on.
  private func branch(_ trunk: Walk, _ rule: ExitRule, _ batch: TokenBatch, _ tape: Tape<Float>)
    -> TokenVerdicts
  {
    var walk = trunk
    for exit in rule.first ..< heads.exits where walk.going?.isEmpty != true {
      if exit > rule.first { go(&walk, to: exit, batch, tape) }
      part(&walk, at: exit, threshold: rule.threshold, tape)
    }
    return walk.verdicts
  }

  /// Where a batch is on its way.
  private struct Walk {
    /// Of all rows, those that left as they left.
    var x: Variable<Float>
    /// The rows on their way, ascending; nil is all.
    var going: [Int]?
    /// Of each head so far, for the rows on their way.
    var logits: [Variable<Float>] = []
    var verdicts: TokenVerdicts

    init(x: Variable<Float>, verdicts: TokenVerdicts) {
      self.x = x
      self.verdicts = verdicts
    }
  }

  /// Goes on to an exit, and runs its head.
  private func go(_ walk: inout Walk, to exit: Int, _ batch: TokenBatch, _ tape: Tape<Float>) {
    for layer in (exit == 0 ? 0 : heads.layers[exit - 1]) ..< heads.layers[exit] {
      walk.x = pass.through(layer, walk.x, batch, going: walk.going, tape)
    }
    // Tokens that have left are part of what the others have read.
    let all = pass.features(walk.x, batch, tape)
    let features = walk.going.map { tape.rows(of: all, at: $0) } ?? all
    walk.logits.append(heads.logits(exit: exit, features, before: walk.logits.last, tape))
  }

  /// Asks an exit, and lets those leave that it is sure of; at the last exit, all.
  private func part(_ walk: inout Walk, at exit: Int, threshold: Double, _ tape: Tape<Float>) {
    let opinions = Opinions(heads.scores(exit: exit, walk.logits, tape), tape)
    let isLast = exit == heads.exits - 1
    var staying: [Int] = []
    for place in opinions.classes.indices {
      guard isLast || Double(opinions.confidences[place]) > threshold else {
        staying.append(place)
        continue
      }
      let row = walk.going?[place] ?? place
      walk.verdicts.exits[row] = exit
      walk.verdicts.classes[row] = opinions.classes[place]
      walk.verdicts.confidences[row] = opinions.confidences[place]
    }
    guard staying.count < opinions.classes.count else { return }
    walk.going = staying.map { walk.going?[$0] ?? $0 }
    // Heads hear what earlier ones said of the same token, so that goes along.
    walk.logits = walk.logits.map { tape.rows(of: $0, at: staying) }
  }
}

/// The most likely class of every row, and its probability.
private struct Opinions {
  let classes: [Int]
  let confidences: [Float]

  init(_ scores: Variable<Float>, _ tape: Tape<Float>) {
    let (values, count) = (tape.softmax(scores).values, scores.columns)
    classes = (0 ..< scores.rows).map { row in
      var best = 0
      for place in 1 ..< count where values[row * count + place] > values[row * count + best] {
        best = place
      }
      return best
    }
    confidences = classes.enumerated().map { values[$0 * count + $1] }
  }
}

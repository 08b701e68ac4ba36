internal import Models

/// What one setting came to on one part of the data.
struct Measurement: Sendable {
  /// Who picks experts, or which exits: the name of a curve.
  var name: String
  /// The setting on that curve.
  var level: Double
  /// Feed-forward layers and routers, as a share of the whole layers'.
  var feedForwardShare: Double
  /// Projections that were replaced and their routers, as a share of the linear maps; nil where they are themselves.
  var projectionShare: Double?
  /// All multiply-accumulates, as a share of the whole model's.
  var share: Double
  /// For each example, whether the answer is right.
  var isRight: [Bool]
  /// For each example, the label that was given.
  var answers: [Int]
  /// For each block, pairs of row and expert that ran; empty without routing, or where it was not asked.
  var runs: [Int] = []

  /// Share of the examples.
  var accuracy: Double { Self.part(isRight) }

  /// 95 % of the accuracy's interval, half its width.
  var margin: Double { Accuracy.margin(share: accuracy, count: isRight.count) }

  /// Share of the examples that another answers alike.
  func agreement(with other: [Int]) -> Double { Self.part(zip(answers, other).map { $0 == $1 }) }

  private static func part(_ flags: [Bool]) -> Double {
    flags.isEmpty ? 0 : Double(flags.count { $0 }) / Double(flags.count)
  }

  /// As results hold it.
  ///
  /// - Parameter baseline: what the difference is taken from: its first answers, where there are fewer examples here.
  /// - Returns: name, level, shares, accuracy and differences.
  func json(against baseline: Measurement?) -> JSON {
    var members: [JSON.Member] = [
      .init("name", .string(Array(name.utf8))), .init("level", .number(level)),
      .init("ffn_share", .number(feedForwardShare)), .init("macs_share", .number(share)),
      .init("examples", .integer(isRight.count)), .init("accuracy", .number(accuracy)),
      .init("margin_95", .number(margin)),
    ]
    if let projectionShare {
      members.insert(.init("projection_share", .number(projectionShare)), at: 3)
    }
    if let baseline {
      let own = Array(baseline.isRight.prefix(isRight.count))
      members.append(.init("difference", PairedDifference(isRight, minus: own).json))
      let answers = Array(baseline.answers.prefix(isRight.count))
      members.append(.init("agreement", .number(agreement(with: answers))))
    }
    return .object(members)
  }
}

extension Measurement {
  /// What a reading came to, all texts going through all layers.
  init(
    _ name: String,
    level: Double,
    _ reading: EncoderReading,
    _ labels: [[Int]],
    _ cost: EncoderCost
  ) {
    self.init(
      name: name,
      level: level,
      feedForwardShare: cost.feedForwardShare(reading),
      projectionShare: cost.projectionShare(reading),
      share: cost.share(reading),
      isRight: Accuracy(reading.logits, labels).isRight,
      answers: reading.logits.map(\.largestPlace)
    )
    for own in reading.runs {
      if runs.isEmpty { runs = own } else { for layer in own.indices { runs[layer] += own[layer] } }
    }
  }
}

extension [Float] {
  /// Where the largest number stands, the first of equals.
  var largestPlace: Int {
    var best = 0
    for place in indices where self[place] > self[best] { best = place }
    return best
  }
}

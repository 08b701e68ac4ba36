public import Models

/// How exit heads of a frozen decoder are taught.
public struct HeadSettings: Sendable, Equatable {
  /// How much the tokens of a text count beside each other, and beside those of other texts.
  public enum Weighting: String, Sendable, CaseIterable {
    /// Every token alike, so that long texts count more.
    case tokens
    /// Every text alike, shared out evenly among its tokens.
    case texts
    /// Every text alike, shared out so that tokens count more the more of the text they have seen.
    case rising
  }

  /// After how many layers exits stand, ascending; nil is every `every` layers.
  ///
  /// The model's last layer is added if it is missing.
  public var layers: [Int]?
  /// Layers from one exit to the next where `layers` is nil.
  public var every = 5
  /// Times that every text is seen by the heads.
  public var epochs = 10
  /// Texts of one step.
  public var batch = 64
  /// Learning rate of the heads at its highest; it falls along a cosine.
  public var rate = 3e-3
  /// Share of the learning rate by which heads' matrices shrink at every step; norms and ensembles do not.
  public var decay = 3.0
  /// Times that every text is seen by the ensembles.
  public var ensembleEpochs = 3
  /// Learning rate of the ensembles at its highest.
  public var ensembleRate = 1e-2
  /// How much each token counts.
  public var weighting = Weighting.tokens
  /// Tokens that a text is cut to.
  public var tokensMax = 128
  /// The first texts of train that are learned from; nil is all.
  public var examplesMax: Int?
  /// The first texts of test that are judged by; nil is all.
  public var testMax: Int?
  /// Thresholds that the curve is measured at, each with every exit as the first: ascending from 0, below 1.
  ///
  /// Under 0.5 little changes with a few classes, for a head is rarely less sure than that of its likeliest one.
  public var thresholds = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
  /// Points that the policy chosen may be below full depth on the choosing part, in shares: 0.01 is one point.
  public var loss = 0.01
  /// What a server does for streams that name no policy; nil leaves it at `defer`.
  ///
  /// Rules of both are measured and chosen all the same.
  public var policy: StreamPolicy?
  /// Decides fresh heads and the order of texts.
  public var seed: UInt64 = 0
  /// Threads, and so tapes; sums run in another order for another number.
  public var threads = 2

  /// Rules of one kind of heads that are run through the model on the choosing part; see `HeadsExaminer.curve`.
  public static let runsMax = 16
  /// Bytes of rows that are kept in memory to learn from; texts that do not fit are left out.
  public static let cacheBytesMax = 4_000_000_000

  /// What the figures of docs/BENCHMARKS.md were made with.
  public init() {}

  /// What is wrong with the numbers, or nil.
  public var fault: String? {
    func range(_ name: String, _ value: Double, _ most: Double, above: Double) -> String? {
      value > above && value <= most
        ? nil : "\(name) is \(value), not above \(above) and at most \(most)"
    }
    let faults: [String?] = [
      range("every", Double(every), 512, above: 0),
      range("epochs", Double(epochs), 1000, above: 0),
      range("batch", Double(batch), 4096, above: 0),
      range("rate", rate, 1, above: 0),
      range("decay", decay, 10, above: -0.001),
      range("ensemble-epochs", Double(ensembleEpochs), 1000, above: 0),
      range("ensemble-rate", ensembleRate, 1, above: 0),
      range("tokens-max", Double(tokensMax), 1_048_576, above: 0),
      examplesMax.flatMap { range("examples-max", Double($0), 1e9, above: 0) },
      testMax.flatMap { range("test-max", Double($0), 1e9, above: 0) },
      range("loss", loss, 1, above: -0.001),
      range("threads", Double(threads), 256, above: 0),
    ]
    return faults.compactMap { $0 }.first ?? thresholdFault
  }

  private var thresholdFault: String? {
    let isAscending = zip(thresholds, thresholds.dropFirst()).allSatisfy { $0 < $1 }
    guard isAscending, thresholds.first == 0, thresholds.allSatisfy({ $0 < 1 }) else {
      return "thresholds are \(thresholds), not ascending numbers from 0 on and below 1"
    }
    return thresholds.count <= 100 ? nil : "thresholds are \(thresholds.count), over 100"
  }

  /// Where exits stand in a model.
  ///
  /// - Parameter count: layers of the model.
  /// - Returns: ascending, `count` last.
  /// - Throws: `SettingFault` if one is not in the model, stands twice, or none is before the last layer.
  func exits(of count: Int) throws(SettingFault) -> [Int] {
    var chosen = layers ?? Array(stride(from: every, through: count, by: every))
    for (place, layer) in chosen.enumerated() {
      guard layer >= 1, layer <= count else {
        throw SettingFault("layers names \(layer); the model has 1 to \(count)")
      }
      guard place == 0 || chosen[place - 1] < layer else {
        throw SettingFault("layers names \(layer) after \(chosen[place - 1]); they must ascend")
      }
    }
    if chosen.last != count { chosen.append(count) }
    guard chosen.count > 1 else {
      throw SettingFault(
        "no exit stands before the last of \(count) layers; name one with --layers or --every"
      )
    }
    return chosen
  }
}

/// A setting that does not fit the model: what, the limit, and what to do.
struct SettingFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

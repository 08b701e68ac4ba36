public import Models

/// Counted work: what rows went through, in multiply-accumulates.
///
/// Two ledgers use it: every request has one, filled row by row, and the engine has one, filled by
/// whole batches where the kernels are called. They agree or something is wrong.
public struct Work: Sendable, Equatable {
  /// MACs by part, in the order of `Part.allCases`.
  public private(set) var macs = [Int](repeating: 0, count: Part.allCases.count)
  /// What the dense model would have spent on the same rows.
  public private(set) var macsDense = 0
  /// Row × layer pairs.
  public var layersRun = 0
  /// Row × layer × expert triples; a dense feed-forward layer counts as one expert.
  public var expertsRun = 0
  /// Item i: rows that ran exactly i layers.
  public private(set) var layersHistogram: [Int] = []
  /// Item k: row × layer pairs that ran exactly k experts.
  public private(set) var expertsHistogram: [Int] = []
  /// Tokens that the model, or the tokenizer alone, read.
  public var tokensIn = 0
  /// Of those, tokens whose keys and values another request of the tenant had computed: no row ran.
  public var tokensReused = 0
  /// Tokens that were produced.
  public var tokensOut = 0

  /// Starts with nothing done.
  public init() {}

  /// MACs of one part.
  public subscript(part: Part) -> Int {
    get { macs[part.index] }
    set { macs[part.index] = newValue }
  }

  /// MACs of all parts.
  public var macsTotal: Int { macs.reduce(0, +) }

  /// Counts MACs that the dense model would have spent as well.
  public mutating func count(_ part: Part, _ macs: Int) {
    self[part] += macs
    macsDense += macs
  }

  /// Counts MACs for which the dense model would have spent `dense`.
  public mutating func count(_ part: Part, _ macs: Int, dense: Int) {
    self[part] += macs
    macsDense += dense
  }

  /// Counts MACs that the dense model would have spent, and that nobody did.
  public mutating func countSpared(_ macs: Int) { macsDense += macs }

  /// Counts `rows` rows that are done after `layers` layers.
  public mutating func countRows(_ rows: Int, layers: Int) {
    guard rows > 0 else { return }
    Self.grow(&layersHistogram, toHold: layers)
    layersHistogram[layers] += rows
    layersRun += rows * layers
  }

  /// Counts `pairs` row × layer pairs that ran `experts` experts each.
  public mutating func countExperts(_ experts: Int, pairs: Int = 1) {
    guard pairs > 0 else { return }
    Self.grow(&expertsHistogram, toHold: experts)
    expertsHistogram[experts] += pairs
    expertsRun += experts * pairs
  }

  /// Adds everything that `other` counted.
  public mutating func add(_ other: Work) {
    for index in macs.indices { macs[index] += other.macs[index] }
    macsDense += other.macsDense
    layersRun += other.layersRun
    expertsRun += other.expertsRun
    tokensIn += other.tokensIn
    tokensReused += other.tokensReused
    tokensOut += other.tokensOut
    Self.add(other.layersHistogram, to: &layersHistogram)
    Self.add(other.expertsHistogram, to: &expertsHistogram)
  }

  private static func add(_ counts: [Int], to sums: inout [Int]) {
    guard !counts.isEmpty else { return }
    grow(&sums, toHold: counts.count - 1)
    for (index, count) in counts.enumerated() { sums[index] += count }
  }

  private static func grow(_ counts: inout [Int], toHold index: Int) {
    guard counts.count <= index else { return }
    counts.append(contentsOf: repeatElement(0, count: index + 1 - counts.count))
  }
}

/// What a request cost.
///
/// Money, bytes and names are the edge's business.
public struct Bill: Sendable, Equatable {
  /// The work done for it, whatever became of the answer.
  public var work = Work()
  /// From being ready for admission to admission, or to the end of a request that never was admitted.
  public var queued = Duration.zero
  /// Batch steps that it took part in, and the tokenizing of its text.
  public var computing = Duration.zero
  /// From arrival to end.
  public var total = Duration.zero
  /// How much of the model the request was given, 0...1: 1 is the dense model.
  public var effortGiven = 1.0
  /// How its end stood to its deadline; nil without one of its own, and where it was ended from outside or refused.
  public var punctuality: Punctuality?

  /// Starts with nothing owed.
  public init() {}
}

extension Part {
  /// The part's place in `Part.allCases`.
  fileprivate var index: Int {
    switch self {
    case .attention: 0
    case .experts: 1
    case .routers: 2
    case .exits: 3
    case .head: 4
    case .adapter: 5
    case .embedding: 6
    }
  }
}

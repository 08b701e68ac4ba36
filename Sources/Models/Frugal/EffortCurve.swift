/// What effort buys: from the least work to the whole model, the settings that are worth it.
///
/// Effort 0 is the cheapest setting of the curve and 1 the whole model, without routers and exits; between them effort
/// counts multiply-accumulates, so that half the effort costs half the way.
public struct EffortCurve: Sendable, Equatable {
  /// One setting, as measured on data that nothing was trained on.
  public struct Point: Sendable, Equatable {
    /// τ, the share of the strongest prediction that an expert's must reach; nil runs layers whole, without routers.
    public var tau: Double?
    /// T, above which an exit's largest probability must be; nil asks no exits.
    public var threshold: Double?
    /// The first exit that may be left at, by its place among the exits; earlier ones are not asked.
    public var first = 0
    /// Share of the examples that are answered rightly.
    public var accuracy: Double
    /// Share of the examples that are answered as by the whole model.
    public var agreement: Double
    /// Multiply-accumulates, as a share of the whole model's.
    public var share: Double

    /// A setting and what it came to.
    public init(
      tau: Double? = nil,
      threshold: Double? = nil,
      first: Int = 0,
      accuracy: Double,
      agreement: Double,
      share: Double
    ) {
      (self.tau, self.threshold, self.first) = (tau, threshold, first)
      (self.accuracy, self.agreement, self.share) = (accuracy, agreement, share)
    }
  }

  /// Ascending in work and in agreement; the last is the whole model.
  public let points: [Point]

  /// Keeps of some settings those that no other beats: that agree more than all that cost as much or less.
  ///
  /// - Parameters:
  ///   - candidates: any number.
  ///   - whole: the whole model; its share is 1.
  public init(candidates: [Point], whole: Point) {
    precondition(whole.tau == nil && whole.threshold == nil, "the whole model has no settings")
    var kept: [Point] = []
    let sorted = candidates.filter { $0.share < whole.share }
      .sorted { ($0.share, -$0.agreement) < ($1.share, -$1.agreement) }
    for point in sorted where point.agreement > kept.last?.agreement ?? -1 { kept.append(point) }
    points = kept + [whole]
  }

  /// Reads what `json` wrote.
  ///
  /// - Parameters:
  ///   - json: of `frugal.json`.
  ///   - path: the file, for errors.
  /// - Throws: `FormatError` if a point lacks a number, is out of range, or they do not ascend to the whole model.
  public init(_ json: JSON, path: String) throws(FormatError) {
    var points: [Point] = []
    for (place, item) in (json.items ?? []).enumerated() {
      func share(_ name: String) throws(FormatError) -> Double {
        guard let value = item[name]?.number, (0 ... 4).contains(value) else {
          throw FormatError(path: path, reason: "effort[\(place)].\(name) is no share")
        }
        return value
      }
      let point = Point(
        tau: item["tau"]?.number,
        threshold: item["threshold"]?.number,
        accuracy: try share("accuracy"),
        agreement: try share("agreement"),
        share: try share("macs_share")
      )
      let settings = [point.tau, point.threshold].compactMap { $0 }
      guard settings.allSatisfy((0 ... 1).contains), point.share > points.last?.share ?? -1 else {
        throw FormatError(path: path, reason: "effort[\(place)] is out of order or of range")
      }
      points.append(point)
    }
    guard let last = points.last, last.tau == nil, last.threshold == nil else {
      throw FormatError(path: path, reason: "effort does not end with the whole model")
    }
    self.points = points
  }

  /// How much effort a point is: 0 for the cheapest, 1 for the whole model.
  public func effort(of point: Point) -> Double { effort(ofShare: point.share) }

  /// How much effort a share of the whole model's work is, 0...1.
  public func effort(ofShare share: Double) -> Double {
    guard let least = points.first, let most = points.last, most.share > least.share else {
      return 1
    }
    return min(1, max(0, (share - least.share) / (most.share - least.share)))
  }

  /// The best setting that an effort pays for.
  ///
  /// - Parameter effort: 0...1.
  /// - Returns: a point of the curve; the cheapest for 0.
  public func point(at effort: Double) -> Point {
    precondition(effort >= 0 && effort <= 1, "an effort of \(effort)")
    // A share computed forth and back may come out a rounding larger.
    return points.last { self.effort(of: $0) <= effort + 1e-9 } ?? points[0]
  }

  /// As `frugal.json` holds it.
  public var json: JSON {
    .array(
      points.map { point in
        .object([
          .init("effort", .number(effort(of: point))),
          .init("tau", point.tau.map { .number($0) } ?? .null),
          .init("threshold", point.threshold.map { .number($0) } ?? .null),
          .init("accuracy", .number(point.accuracy)),
          .init("agreement", .number(point.agreement)),
          .init("macs_share", .number(point.share)),
        ])
      }
    )
  }
}

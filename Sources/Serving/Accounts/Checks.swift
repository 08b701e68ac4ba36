import Inference
import Wire

/// How answers of one model that were spared work agreed with the whole model, by method and tenth of effort.
struct Checks {
  private struct Key: Hashable, Comparable {
    let method: String
    let tenth: Int

    static func < (a: Key, b: Key) -> Bool { (a.method, a.tenth) < (b.method, b.tenth) }
  }

  private var tallies: [Key: (count: Int, agreeing: Int)] = [:]
  /// Efforts below this are raised to it.
  private(set) var floor = 0.0

  /// Takes one check into account.
  mutating func note(_ report: RailReport) {
    floor = report.raisedTo ?? floor
    guard let agrees = report.agrees else { return }
    let method = report.isStream ? Method.classifyStream.rawValue : Method.classify.rawValue
    let key = Key(method: method, tenth: min(9, max(0, Int(report.effort * 10))))
    tallies[key, default: (0, 0)].count += 1
    tallies[key, default: (0, 0)].agreeing += agrees ? 1 : 0
  }

  /// As Models.Describe tells it.
  var description: Value {
    let rows = tallies.sorted { $0.key < $1.key }.map { key, tally -> Value in
      [
        "method": .string(key.method), "effort_from": .double(Double(key.tenth) / 10),
        "count": Value(tally.count), "agreeing": Value(tally.agreeing),
      ]
    }
    return ["effort_floor": .double(floor), "tallies": .array(rows)]
  }
}

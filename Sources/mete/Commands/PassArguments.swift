import ArgumentParser
import Methods
import Models

/// What `mete experts` and `mete exits` are given alike.
struct PassArguments: ParsableArguments {
  @Argument(help: "A directory that was fitted.")
  var model: String

  @Argument(help: "A directory with train, choose and test.")
  var data: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Option(
    help: ArgumentHelp("The fitted model that accuracies are held against.", valueName: "directory")
  )
  var baseline: String?

  @Option(help: "Tokens that a text is cut to.")
  var tokensMax = FrugalPlan().tokensMax

  @Option(help: "Decides what is drawn at random.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads = RouterSettings().threads

  @Flag(help: "Replace what was fitted to the same place before.")
  var force = false

  @Flag(help: "Write JSON.")
  var json = false

  mutating func validate() throws {
    to = Self.place(to)
    try Self.check([("threads", threads)])
    guard tokensMax > 2 else { throw ValidationError("--tokens-max is \(tokensMax), not above 2") }
  }

  /// A directory's path without what is no part of its name: beside it lie files whose names begin with it.
  static func place(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Refuses counts that make no sense.
  static func check(_ numbers: [(name: String, value: Int)]) throws {
    for (name, value) in numbers where value < 1 || value > 1_000_000 {
      throw ValidationError("--\(name) is \(value), not 1 to 1000000")
    }
  }

  /// Refuses learning rates that make no sense.
  static func check(rate: Double) throws {
    guard rate > 0, rate <= 1 else {
      throw ValidationError("--rate is \(rate), not above 0 and at most 1")
    }
  }

  /// Reads the data, and tells what was skipped.
  func open() throws -> LearningSet {
    let (set, reports) = try LearningSet.open(folder: data)
    for (part, report) in zip(LearningSet.parts, reports) where report.skippedCount > 0 {
      Terminal.tell("mete: \(data)/\(part): skipped \(report.summary)\n")
    }
    return set
  }

  /// Runs a pass under a bar, and writes what came out.
  ///
  /// - Parameters:
  ///   - title: of the bar.
  ///   - summary: for people.
  ///   - body: is given who hears of progress.
  /// - Throws: what `body` throws.
  func show(
    _ title: String,
    _ summary: (JSON, String) -> String,
    _ body: (@escaping (FrugalProgress) -> Void) throws -> JSON
  ) throws {
    let bar = ProgressBar(title)
    let result = try body { bar.show($0) }
    bar.clear()
    let text = String(decoding: result.text(depth: 2), as: UTF8.self)
    try Terminal.write(json ? text + "\n" : summary(result, to))
  }
}

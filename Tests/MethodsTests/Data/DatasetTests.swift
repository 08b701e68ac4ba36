import Support
import Testing

@testable import Methods

/// Examples with numbered labels, and how they are dealt.
struct DatasetTests {
  private func examples(_ count: Int) -> [Example] {
    (0 ..< count).map { Example(text: "text \($0)", labels: [$0.isMultiple(of: 3) ? "b" : "a"]) }
  }

  @Test func namesAreSortedAsNumbersOrBytes() {
    #expect(LabelTable(sorting: ["10", "9", "-1", "9"]).names == ["-1", "9", "10"])
    #expect(LabelTable(sorting: ["10", "9", "x"]).names == ["10", "9", "x"])
    #expect(LabelTable(sorting: ["é", "z", "Z", "01"]).names == ["01", "Z", "z", "é"])
    #expect(LabelTable(sorting: ["01", "1"]).names == ["01", "1"])
    let table = LabelTable(ordered: ["c", "a"])
    #expect(table.id(of: "a") == 1 && table.id(of: "b") == nil && table.count == 2)
  }

  @Test func labelsBecomeNumbers() throws {
    let set = try Dataset(
      [
        Example(text: "x", labels: ["q", "p"]), Example(text: "y", pair: "z", labels: []),
        Example(text: "w"),
      ],
      name: "mine"
    )
    #expect(set.labels.names == ["p", "q"] && set.counts == [1, 1] && set.isMultiple)
    #expect(set.items.map(\.labels) == [[0, 1], [], []] && set.items[1].pair == "z")
    #expect(try !Dataset(examples(4), name: "mine").isMultiple)
  }

  @Test func aLabelUnknownToTheModelIsNamedWithItsLine() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("text,label\na,calm\nb,sport\n".utf8), to: "a.csv")
    let known = LabelTable(ordered: ["stormy", "calm"])
    let error = #expect(throws: DatasetError.self) { try Dataset.open(path: path, labels: known) }
    #expect(
      error?.description
        == "\(path): line 3: the label \"sport\" is unknown; known are stormy, calm"
    )
    #expect(throws: DatasetError(path: "mine", reason: "has no examples")) {
      try Dataset([], name: "mine")
    }
  }

  @Test(arguments: [7, 100, 8_530, 1_001])
  func fractionsTakeEverythingOnce(count: Int) throws {
    let plan = SplitPlan(
      seed: 5,
      parts: [.init("a", .fraction(0.7)), .init("b", .fraction(0.15)), .init("c", .fraction(0.15))]
    )
    let parts = try plan.deal(count, of: "x")
    #expect(parts.joined().sorted() == Array(0 ..< count))
    for (part, share) in zip(parts, [0.7, 0.15, 0.15]) {
      #expect(abs(Double(part.count) - share * Double(count)) <= 1)
    }
    #expect(try plan.deal(count, of: "y") == parts)
  }

  @Test func countsLeaveTheRest() throws {
    let plan = SplitPlan(seed: 1, parts: [.init("a", .count(3)), .init("b", .rest)])
    let sets = try Dataset(examples(10), name: "mine").split(plan)
    #expect(sets.map(\.items.count) == [3, 7] && sets.allSatisfy { $0.labels.count == 2 })
    let order = SeededRandom.order(count: 10, seed: 1)
    #expect(sets.flatMap { $0.items.map(\.text) } == order.map { "text \($0)" })
    let whole = try Dataset(examples(10), name: "mine").shuffled(seed: 1)
    #expect(whole.items == sets.flatMap(\.items))
    let some = SplitPlan(seed: 1, parts: [.init("a", .count(3)), .init("b", .count(2))])
    #expect(try some.deal(10, of: "x").map(\.count) == [3, 2])
  }

  @Test func anEmptyPartIsAnError() throws {
    let small = SplitPlan(seed: 1, parts: [.init("train", .rest), .init("test", .fraction(0.1))])
    #expect(throws: DatasetError.self) { try small.deal(10, of: "mine") }
    let few = SplitPlan(seed: 1, parts: [.init("choose", .fraction(0.125)), .init("train", .rest)])
    let error = #expect(throws: DatasetError.self) { try few.deal(3, of: "mine") }
    #expect(
      error?.description == "mine: the part \"choose\" would be empty: 12.5 % of 3 examples"
    )
    let many = SplitPlan(seed: 1, parts: [.init("a", .fraction(0.5)), .init("b", .count(6))])
    let over = #expect(throws: DatasetError.self) { try many.deal(10, of: "mine") }
    #expect(over?.reason == "the parts up to \"b\" take 11 of 10 examples")
  }

  @Test func aFolderHoldsThreePartsWithTheSameLabels() throws {
    let folder = try TemporaryFolder()
    func write(_ text: String, _ name: String) throws {
      _ = try folder.write(Array(text.utf8), to: name)
    }
    try write("text,label\na,x\nb,y\n", "train.csv")
    try write("{\"text\":\"c\",\"label\":\"y\"}\n", "choose.jsonl")
    let error = #expect(throws: DatasetError.self) { try LearningSet.open(folder: folder.path) }
    #expect(error?.reason == "has no test.jsonl, test.csv or test.tsv")
    try write("text\tlabel\nd\tx\n", "test.tsv")
    let (set, reports) = try LearningSet.open(folder: folder.path)
    #expect(set.labels.names == ["x", "y"] && set.choose.items.map(\.labels) == [[1]])
    #expect(set.test.items.map(\.text) == ["d"] && reports.map(\.used) == [2, 1, 1])
    try write("text\tlabel\nd\tz\n", "test.tsv")
    #expect(throws: DatasetError.self) { try LearningSet.open(folder: folder.path) }
    try write("text\tlabel\nd\tx\n", "test.tab")
    let twice = #expect(throws: DatasetError.self) { try LearningSet.open(folder: folder.path) }
    #expect(twice?.reason.hasPrefix("has 2 files for test") == true)
  }
}

import Support
import Testing

/// Every fuzz target has what it needs, and the corpus stays small.
struct FuzzTests {
  /// The cases of `Target` in the harness.
  static let targets: [String] = {
    let text = Repository.text("Fuzz/Harness/Sources/Fuzz/Target.swift")
    let line = text.split(separator: "\n").first { $0.hasPrefix("  case ") } ?? ""
    return line.dropFirst("  case ".count).split(separator: ",").map { $0.filter { $0 != " " } }
  }()

  @Test func thereAreTargets() { #expect(Self.targets.count >= 5) }

  @Test(arguments: targets)
  func everyTargetHasItsFiles(target: String) {
    #expect(!Repository.text("Fuzz/dictionaries/\(target).dict").isEmpty)
    #expect(!Repository.files(below: "Fuzz/corpus/\(target)", suffix: "").isEmpty)
    #expect(Repository.text("Fuzz/fuzz.py").contains("\"\(target)\": ("), "Fuzz/fuzz.py runs it")
  }

  @Test func theCorpusIsSmall() {
    let files = Repository.files(below: "Fuzz/corpus", suffix: "")
    let bytes = files.reduce(0) { $0 + Fixtures.bytes("\(Repository.root)/\($1)").count }
    #expect((10_000 ..< 1_000_000).contains(bytes), "\(bytes) bytes; make fuzz-corpus merges it")
  }
}

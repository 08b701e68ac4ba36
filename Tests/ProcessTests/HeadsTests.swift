import Foundation
import Support
import Testing

/// `mete heads` as a person calls it.
struct HeadsTests {
  private func write(_ name: String, count: Int, to folder: TemporaryFolder) throws {
    let lines = (0 ..< count).map { place in
      let text = place.isMultiple(of: 2) ? "rain and storm" : "the sun is in"
      return "{\"text\": \"\(text)\", \"label\": \"\(place % 2)\"}\n"
    }
    _ = try folder.write(Array(lines.joined().utf8), to: name)
  }

  @Test func headsAreTaughtAndReplacedOnlyByForce() throws {
    let (folder, data) = (try TemporaryFolder(), try TemporaryFolder())
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    for (name, count) in [("train", 24), ("choose", 8), ("test", 8)] {
      try write("\(name).jsonl", count: count, to: data)
    }
    let target = "\(folder.path)/heads"
    func run(_ arguments: String...) throws -> Finished {
      let fixed = ["heads", "\(folder.path)/llama", data.path, "--to", target]
      return try Child(.mete, fixed + arguments).finish()
    }
    let made = try run("--every", "1", "--epochs", "2", "--json", "--test-max", "6")
    #expect(made.code == 0 && made.errors.isEmpty, "\(made)")
    let report = try #require(try made.objects().first)
    #expect((report["test_exits"] as? [Any])?.count == 3, "\(report)")
    #expect((report["counts"] as? [String: Any])?["test"] as? Int == 6)
    let rules = try #require(report["test_policies"] as? [[String: Any]])
    #expect(rules.count == 4 && rules.allSatisfy { $0["first_exit"] is Int }, "\(rules)")
    #expect((report["data"] as? String)?.hasSuffix("/train.jsonl") == true, "\(report)")
    let page = try String(contentsOfFile: "\(target)/report.html", encoding: .utf8)
    for words in [
      "plain heads (SDN)", "full depth, ", "Where tokens leave", "Before the text is over",
      data.path,
    ] {
      #expect(page.contains(words), "\(words)")
    }
    let again = try run("--every", "1")
    #expect(again.code == 1 && again.errors.contains("--force"), "\(again)")
    let forced = try run("--layers", "2", "--epochs", "1", "--force")
    #expect(forced.code == 0 && forced.output.contains("written"), "\(forced)")
    for line in ["full depth ", "ZTW propagate ", "ZTW defer ", "SDN propagate ", "SDN defer "] {
      #expect(forced.output.contains("\n\(line)"), "\(forced)")
    }
    #expect(forced.output.contains("layer 2") && forced.output.contains("points"), "\(forced)")
    #expect(try run("--every", "3", "--force").errors.contains("no exit stands before"))
    #expect(try run("--layers", "2,x", "--force").code == 64)
    #expect(try run("--epochs", "0", "--force").code == 64)
    #expect(try run("--weighting", "odd", "--force").code == 64)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["llama", "heads"])
  }

  /// Whenever it is killed, the folder is whole or not there, and the same command then makes what one run makes.
  @Test(arguments: [
    (["heads", "--every", "1"], ["fit.json", "heads.json", "heads.safetensors", "report.html"]),
    (
      ["experts", "--expert-size", "8", "--router-hidden", "8", "--epochs", "20"],
      ["experts.json", "frugal.json", "frugal.safetensors", "report.html"]
    ),
  ])
  func whatIsKilledLeavesNothingHalf(command: [String], files: [String]) throws {
    let (folder, data) = (try TemporaryFolder(), try TemporaryFolder())
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    for name in ["train", "choose", "test"] { try write("\(name).jsonl", count: 40, to: data) }
    let (target, alone) = ("\(folder.path)/target", "\(folder.path)/alone")
    func arguments(_ to: String) -> [String] {
      [command[0], "\(folder.path)/llama", data.path, "--to", to, "--force"]
        + command.dropFirst()
    }
    for milliseconds in [20, 60, 120, 200, 300, 450] {
      let child = try Child(.mete, arguments(target))
      Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
      child.send(SIGKILL)
      _ = try child.finish()
      guard FileManager.default.fileExists(atPath: target) else { continue }
      #expect(Set(try FileManager.default.contentsOfDirectory(atPath: target)) == Set(files))
    }
    for kept in [1, 3, 6] {
      try Child(.mete, arguments(target)).breakOff(whenHolding: kept, "\(target).run")
    }
    for made in [target, alone] {
      let whole = try Child(.mete, arguments(made)).finish()
      #expect(whole.code == 0, "\(whole)")
      #expect(!FileManager.default.fileExists(atPath: "\(made).run"))
    }
    for name in files where name.hasSuffix(".safetensors") || name == "frugal.json" {
      let bytes = [target, alone].map { FileManager.default.contents(atPath: "\($0)/\(name)") }
      #expect(bytes[0] == bytes[1] && bytes[0] != nil, "\(name)")
    }
  }

  /// Taught, and then served: on the model as it is, on an artifact made of it, and not on another.
  @Test func taughtHeadsClassifyStreams() throws {
    let (folder, data) = (try TemporaryFolder(), try TemporaryFolder())
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    try TinyModels.writeLlama(to: "\(folder.path)/other", seed: 9)
    for name in ["train", "choose", "test"] { try write("\(name).jsonl", count: 24, to: data) }
    let heads = "\(folder.path)/heads"
    let taught = try Child(
      .mete,
      [
        "heads", "\(folder.path)/llama", data.path, "--to", heads, "--every", "1", "--epochs", "3",
        "--policy", "propagate",
      ]
    ).finish()
    #expect(taught.code == 0, "\(taught)")
    let imported = try Child(
      .mete,
      ["import", "\(folder.path)/llama", "--to", "\(folder.path)/packed"]
    ).finish()
    #expect(imported.code == 0, "\(imported)")
    func configuration(_ models: [String]) throws -> String {
      let tables = models.map { "  \($0):\n    path: \(folder.path)/\($0)\n    heads: \(heads)\n" }
      let text = "models:\n" + tables.joined() + "listen:\n  unix:\n    path: \(folder.path)/s\n"
      return try folder.write(Array(text.utf8), to: "meted.yaml")
    }
    let refused = try Child(.meted, ["--config", try configuration(["other"])]).finish()
    #expect(refused.code != 0 && refused.errors.contains("another SHA-256"), "\(refused)")
    let daemon = try Child(.meted, ["--config", try configuration(["llama", "packed"])])
    _ = try daemon.waitForError(" ready listen=")
    let address = ["METE_ADDRESS": "unix:\(folder.path)/s"]
    for model in ["llama", "packed"] {
      for policy in ["defer", "propagate"] {
        let arguments = [
          "stream", "--json", "--model", model, "--policy", policy, "--effort", "0",
          "rain and storm",
        ]
        let found = try Child(.mete, arguments, environment: address).finish().objects()
        let verdicts = found.filter { $0["position"] != nil }
        #expect(verdicts.count > 3, "\(found)")
        #expect(verdicts.allSatisfy { $0["layer"] as? Int ?? 9 < 3 }, "\(verdicts)")
      }
      let card = try Child(.mete, ["models", model], environment: address).finish()
      #expect(card.output.contains("ClassifyStream"), "\(card)")
      let told = try Child(.mete, ["models", "--json", model], environment: address).finish()
      #expect(told.output.contains("\"stream_policy\":\"propagate\""), "\(told)")
    }
    daemon.send(SIGTERM)
    let ended = try daemon.finish()
    #expect(ended.code == 0 && ended.errors.contains("the books balance"), "\(ended)")
  }
}

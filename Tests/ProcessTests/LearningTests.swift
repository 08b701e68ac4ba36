import Foundation
import Support
import Testing

/// `mete fit`, `experts`, `exits`, `pack` and `unpack` as a person calls them.
struct LearningTests {
  private let folder: TemporaryFolder
  private var tiny: String { "\(folder.path)/tiny" }
  private var data: String { "\(folder.path)/data" }

  init() throws {
    folder = try TemporaryFolder()
    try TinyModels.writeBERT(to: tiny)
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    for (part, count) in [("train", 60), ("choose", 20), ("test", 20)] {
      try write(
        part,
        (0 ..< count).map { $0.isMultiple(of: 2) ? ("rain", "wet") : ("the calm", "dry") }
      )
    }
  }

  private func write(_ part: String, _ rows: [(text: String, label: String)]) throws {
    let lines = rows.map { "{\"text\": \"\($0.text)\", \"label\": \"\($0.label)\"}\n" }
    let path = URL(fileURLWithPath: "\(data)/\(part).jsonl")
    try Data(lines.joined().utf8).write(to: path)
  }

  private func place(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func run(_ arguments: String...) throws -> Finished {
    try Child(.mete, arguments).finish()
  }

  @Test func fromTextToAPackAndBack() throws {
    let fitted = try run(
      "fit",
      tiny,
      data,
      "--to",
      place("fitted"),
      "--epochs",
      "3",
      "--rate",
      "2e-3",
      "--relu",
      "--sparsity",
      "hoyer",
      "--freeze-embeddings"
    )
    #expect(fitted.code == 0 && fitted.errors.isEmpty, "\(fitted)")
    let page = try String(contentsOfFile: "\(place("fitted"))/report.html", encoding: .utf8)
    #expect(page.contains("Neurons that are on") && page.contains("data/train.jsonl"), "\(page)")
    let experts = try run(
      "experts",
      place("fitted"),
      data,
      "--to",
      place("experts"),
      "--expert-size",
      "16",
      "--epochs",
      "2"
    )
    #expect(experts.code == 0 && experts.output.contains("written"), "\(experts)")
    let exits = try run(
      "exits",
      place("experts"),
      data,
      "--to",
      place("exits"),
      "--epochs",
      "2",
      "--baseline",
      place("fitted"),
      "--json"
    )
    #expect(exits.code == 0, "\(exits)")
    let report = try #require(try exits.objects().first)
    #expect(report["with_experts"] as? Bool == true)
    let again = try run("experts", place("exits"), data, "--to", place("more"))
    #expect(again.code == 1 && again.errors.contains("has exits"), "\(again)")
    let packed = try run("pack", place("exits"), "--base", tiny, "--to", place("exits.pack"))
    #expect(packed.code == 0, "\(packed)")
    let back = try run("unpack", place("exits.pack"), "--base", tiny, "--to", place("back"))
    #expect(back.code == 0, "\(back)")
    let imported = try run("import", place("exits"), "--to", place("artifact"), "--weights", "f32")
    #expect(imported.code == 0, "\(imported)")
    let daemon = try RunningDaemon(models: [
      "weather=\(place("back"))", "artifact=\(place("artifact"))",
    ])
    let answer = try daemon.mete("classify", "--json", "rain")
    #expect(answer.code == 0 && answer.output.contains("wet"), "\(answer)")
    for model in ["weather", "artifact"] {
      func bill(_ effort: String) throws -> [String: Any] {
        let own = try daemon.mete(
          "classify",
          "--json",
          "--model",
          model,
          "--effort",
          effort,
          "rain"
        )
        #expect(own.code == 0, "\(own)")
        return try #require(try own.objects().last?["bill"] as? [String: Any])
      }
      let (whole, least) = (try bill("1"), try bill("0"))
      #expect(whole["effort_given"] as? Double == 1 && least["effort_given"] as? Double == 0)
      let macs = [whole, least].map { $0["macs_total"] as? Int ?? 0 }
      #expect(macs[1] > 0 && macs[1] < macs[0], "\(macs)")
      #expect(least["macs_dense"] as? Int == macs[0], "\(least)")
      let described = try daemon.mete("call", "Models.Describe", "--model", model)
      #expect(described.code == 0 && described.output.contains("experts_pay"), "\(described)")
    }
    try daemon.stop()
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(
      Set(left) == [
        "tiny", "data", "fitted", "experts", "exits", "exits.pack", "back", "artifact",
      ],
      "\(left)"
    )
  }

  @Test func whatIsWrongIsSaid() throws {
    try write("choose", [("rain", "wet"), ("hail", "icy")])
    let unknown = try run("fit", tiny, data, "--to", place("fitted"))
    #expect(unknown.code == 1 && unknown.errors.contains("icy"), "\(unknown)")
    try write("choose", [])
    let empty = try run("fit", tiny, data, "--to", place("fitted"))
    #expect(empty.code == 1 && empty.errors.contains("choose"), "\(empty)")
    try write("choose", [("rain", "wet")])
    for arguments in [
      ["experts", tiny, data, "--to", place("a")], ["exits", tiny, data, "--to", place("b")],
    ] {
      let other = try Child(.mete, arguments).finish()
      #expect(other.code == 1 && other.errors.contains("fit the model to this data"), "\(other)")
    }
    #expect(try run("experts", tiny, data, "--to", place("a"), "--expert-size", "0").code == 64)
    #expect(try run("exits", tiny, data, "--to", place("a"), "--rate", "7").code == 64)
    #expect(try run("unpack", "\(data)/train.jsonl", "--base", tiny, "--to", place("a")).code == 1)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["tiny", "data"], "\(left)")
  }

  /// Whenever it is killed, the folder is whole or not there, and the same command then makes what one run makes.
  @Test func whatIsKilledLeavesNothingHalf() throws {
    for (name, arguments, files) in [
      (
        "fitted", ["fit", tiny, data, "--epochs", "30", "--force"],
        ["fit.json", "model.safetensors", "report.html"]
      ),
      (
        "experts",
        ["experts", place("fitted"), data, "--expert-size", "8", "--epochs", "20", "--force"],
        ["frugal.json", "frugal.safetensors", "experts.json", "report.html", "model.safetensors"]
      ),
      (
        "exits", ["exits", place("experts"), data, "--epochs", "5", "--force"],
        ["frugal.json", "frugal.safetensors", "exits.json", "report.html", "model.safetensors"]
      ),
    ] {
      let target = place(name)
      for milliseconds in [30, 90, 200, 400, 700] {
        let child = try Child(.mete, arguments + ["--to", target])
        Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
        child.send(SIGKILL)
        _ = try child.finish()
        guard FileManager.default.fileExists(atPath: target) else { continue }
        for file in files { #expect(FileManager.default.fileExists(atPath: "\(target)/\(file)")) }
      }
      for kept in [1, 3, 9] {
        try Child(.mete, arguments + ["--to", target])
          .breakOff(whenHolding: kept, "\(target).run")
      }
      let whole = try Child(.mete, arguments + ["--to", target]).finish()
      #expect(whole.code == 0, "\(whole)")
      for file in files { #expect(FileManager.default.fileExists(atPath: "\(target)/\(file)")) }
      #expect(!FileManager.default.fileExists(atPath: "\(target).run"))
      let alone = place("\(name)-alone")
      #expect(try Child(.mete, arguments + ["--to", alone]).finish().code == 0)
      for file in files where file.hasSuffix(".safetensors") || file == "frugal.json" {
        let made = [target, alone].map {
          FileManager.default.contents(atPath: "\($0)/\(file)")
        }
        #expect(made[0] == made[1] && made[0] != nil, "\(file) of \(name)")
      }
    }
  }

  /// A limit on the size of files stands for a full disk: both make a write fail in the middle.
  @Test func aFullDiskIsAClearError() throws {
    let mete = try Program.mete.path
    let command =
      "trap '' XFSZ; ulimit -f 20; exec \(mete) fit \(tiny) \(data) --epochs 1 --to \(place("fitted"))"
    let full = try Child(.bash, ["-c", command]).finish()
    #expect(full.code == 1 && full.errors.contains("model.safetensors"), "\(full)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["tiny", "data"], "\(left)")
  }

  /// A pack is one file: whole or not there, on a full disk as when it is killed.
  @Test func aPackIsWholeOrNotThere() throws {
    let fitted = try run("fit", tiny, data, "--to", place("fitted"), "--epochs", "1")
    #expect(fitted.code == 0, "\(fitted)")
    let words = ["pack", place("fitted"), "--base", tiny, "--to", place("pack")]
    let command = try "trap '' XFSZ; ulimit -f 4; exec \(Program.mete.path) "
    let full = try Child(.bash, ["-c", command + words.joined(separator: " ")]).finish()
    #expect(full.code == 1 && full.output.isEmpty, "\(full)")
    #expect(full.errors == "mete: \(place("pack")): cannot be written (File too large)\n")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["tiny", "data", "fitted"], "\(left)")
    for milliseconds in 0 ..< 20 {
      let child = try Child(.mete, words)
      Thread.sleep(forTimeInterval: Double(milliseconds) / 500)
      child.send(SIGKILL)
      _ = try child.finish()
      guard FileManager.default.fileExists(atPath: place("pack")) else { continue }
      let back = try run("unpack", place("pack"), "--base", tiny, "--to", place("back"), "--force")
      #expect(back.code == 0, "\(back)")
      try FileManager.default.removeItem(atPath: place("pack"))
    }
    let whole = try Child(.mete, words).finish()
    #expect(whole.code == 0 && whole.output.contains("pack written"), "\(whole)")
  }
}

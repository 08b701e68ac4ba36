import Foundation
import Support
import Testing

/// `mete import`, and a daemon that serves what it wrote.
@Suite(.serialized)
struct ImportTests {
  @Test func whatIsImportedIsServedUnderItsHash() throws {
    let folder = try TemporaryFolder()
    let letters = try TinyModel.language(in: folder)
    let weather = try TinyModel.classifier(in: folder)
    var served: [String] = []
    for (name, path) in [("letters", letters), ("weather", weather)] {
      let target = "\(folder.path)/\(name).mete"
      let arguments = ["import", path, "--to", target, "--name", name, "--json"]
      let made = try Child(.mete, arguments).finish()
      #expect(made.code == 0 && made.errors.isEmpty, "\(made)")
      let hash = try #require(try made.objects().first?["sha256"] as? String)
      served.append("\(name)=\(target)")
      let checked = try Child(.mete, ["import", "--check", target]).finish()
      #expect(checked.code == 0 && checked.output.contains(hash), "\(checked)")
    }
    let daemon = try RunningDaemon(models: served, folder: folder)
    let tokens = try daemon.mete("tokenize", "no rain")
    #expect(tokens.output.split(separator: " ").count == 7, "\(tokens)")
    let labels = try daemon.mete("classify", "--json", "no wind")
    #expect(try labels.objects().contains { $0["labels"] != nil }, "\(labels)")
    let card = try daemon.mete("models", "--json", "letters")
    let hash = try card.objects().first?["sha256"] as? String
    #expect(hash?.count == 64, "\(card)")
    try daemon.stop()
  }

  @Test func refusalsNameTheReason() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel.language(in: folder)
    let target = "\(folder.path)/out"
    func run(_ arguments: String...) throws -> Finished {
      try Child(.mete, ["import"] + arguments).finish()
    }
    #expect(try run(model, "--to", target).code == 0)
    let again = try run(model, "--to", target)
    #expect(again.code == 1 && again.errors.contains("--force"), "\(again)")
    #expect(try run(model, "--to", target, "--force", "--weights", "f32").code == 0)
    let twice = try run(target, "--to", "\(folder.path)/twice")
    #expect(twice.code == 1 && twice.errors.contains("is an artifact already"), "\(twice)")
    let nothing = try run("\(folder.path)/nothing", "--to", "\(folder.path)/other")
    #expect(nothing.code == 1 && nothing.errors.hasPrefix("mete: "), "\(nothing)")
    #expect(try run(model, "--weights", "int3").code == 64)
    #expect(try run("--check", model).errors.contains("is no artifact"))
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!left.contains { $0.contains(".new-") }, "\(left)")
  }
}

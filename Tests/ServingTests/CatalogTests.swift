import Inference
import Models
import Support
import Testing
import Wire

@testable import Serving

/// Clients are told what each model can do.
struct CatalogTests {
  private func catalog(_ change: (String) -> String) throws -> Catalog {
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/qwen2"))
    let file = String(decoding: Fixtures.bytes("\(folder.path)/tokenizer.json"), as: UTF8.self)
    _ = try folder.write(Array(change(file).utf8), to: "tokenizer.json")
    let model = try ServedModel(name: "q", checkpoint: Checkpoint.open(path: folder.path))
    return Catalog([(served: model, tariff: Tariff())])
  }

  @Test func aModelWithAnUnknownTokenizerDoesNotTokenize() throws {
    let whole = try catalog { $0 }
    #expect(whole.models[0].methods == [.generate, .predict, .tokenize])
    let tokensOnly = try catalog { $0.replacing("\"NFC\"", with: "\"NFKC\"") }
    #expect(tokensOnly.models[0].methods == [.generate, .predict])
    let error = #expect(throws: WireError.self) { try tokensOnly.model("q", for: .tokenize) }
    #expect(error?.detail == .unsuitableModel)
    #expect(try tokensOnly.model(nil, for: .generate).name == "q")
  }

  @Test func clientsAreToldTheDefaultOfStreams() throws {
    let card = TinyHouse.catalog["language"]?.description
    #expect(card?["stream_policy"] == "defer")
    #expect(card?["stream_effort"]?["propagate"]?.asArray?.isEmpty == false)
    #expect(TinyHouse.catalog["encoder"]?.description["stream_policy"] == nil)
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    var checkpoint = try Checkpoint.open(path: "\(folder.path)/llama")
    guard case .llama(let shape, _) = checkpoint.family else { return }
    checkpoint.frugal = TinyFrugal.parts(for: shape, policy: .propagate)
    let model = try ServedModel(name: "m", checkpoint: checkpoint)
    let told = Catalog([(served: model, tariff: Tariff())]).models[0].description
    #expect(told["stream_policy"] == "propagate")
  }

  @Test func familiesGoByTheirOwnNames() throws {
    let description = try catalog { $0 }.models[0].description
    guard case .map(let entries) = description else {
      Issue.record("\(description)")
      return
    }
    #expect(entries.first { $0.key == "family" }?.value == .string("qwen2"))
  }
}

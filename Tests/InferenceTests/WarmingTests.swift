import Inference
import Models
import Support
import Testing

/// The step before the first client.
struct WarmingTests {
  @Test func everyModelRunsOnceAndNobodyPays() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    try TinyModels.writeBERT(to: "\(folder.path)/bert")
    let models = try ["llama", "bert"].map { name in
      try ServedModel(name: name, checkpoint: Checkpoint.open(path: "\(folder.path)/\(name)"))
    }
    var limits = EngineLimits()
    // A single page is enough.
    limits.keyValueBytesMax = 16 * TinyModels.layers * 2 * 2 * 8 * 4
    #expect(limits.problem(with: models[0]) == nil)
    let macs = Engine.warm(models, limits: limits, clock: { .zero })
    #expect(macs.count == 2 && macs.allSatisfy { $0 > 0 }, "\(macs)")
    let engine = Engine(models: models, limits: limits, clock: { .zero })
    #expect(engine.counters == Work() && engine.billed == Work())
  }
}

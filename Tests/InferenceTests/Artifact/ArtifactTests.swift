import Foundation
import Inference
import Models
import Support
import Tensors
import Testing

/// What is imported answers as its source does, to the last bit.
struct ArtifactTests {
  private static let decoders = [
    "gpt2", "qwen2", "qwen3", "llama-biased", "gguf-gpt2.gguf",
    "gguf-qwen3.gguf", "gguf-k.gguf", "gguf-q4_1.gguf", "gguf-factors.gguf", "gguf-biased.gguf",
  ]

  @Test(arguments: Self.decoders)
  func aLanguageModelPredictsTheSame(name: String) throws {
    for weights in WeightChoice.allCases {
      try expectSame(Imported(Fixtures.path("models/\(name)"), weights), .predict)
    }
  }

  @Test(arguments: [
    "roberta-classifier", "roberta-encoder",
    "distilbert-classifier", "distilbert-encoder",
  ])
  func anEncoderEmbedsAndClassifiesTheSame(name: String) throws {
    for weights in WeightChoice.allCases {
      let imported = try Imported(Fixtures.path("models/\(name)"), weights)
      try expectSame(imported, .embed)
      if name.hasSuffix("classifier") { try expectSame(imported, .classify) }
    }
  }

  @Test func tinyLlamaAndBERTAnswerTheSame() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    try TinyModels.writeBERT(to: "\(folder.path)/bert")
    for weights in WeightChoice.allCases {
      try expectSame(Imported("\(folder.path)/llama", weights), .predict)
      let encoder = try Imported("\(folder.path)/bert", weights)
      try expectSame(encoder, .embed)
      try expectSame(encoder, .classify)
    }
  }

  private func expectSame(_ imported: Imported, _ call: ArtifactBench.Call) throws {
    let tokens = (0 ..< Int32(20)).map { 5 + $0 % 40 }
    let before = ArtifactBench.results(of: imported.source, call, tokens)
    let after = ArtifactBench.results(of: imported.opened, call, tokens)
    #expect(!before.isEmpty && before == after)
    #expect(imported.opened.checkpoint.parameters == imported.source.checkpoint.parameters)
  }

  @Test(arguments: ["llama-biased", "gpt2", "gguf-k.gguf", "qwen3"])
  func theReferenceReadsWhatIsPacked(name: String) throws {
    for weights in WeightChoice.allCases {
      let imported = try Imported(Fixtures.path("models/\(name)"), weights)
      guard case .llama(let shape, let wanted) = imported.source.checkpoint.family,
        case .llama(let again, let found) = imported.opened.checkpoint.family
      else {
        Issue.record("\(name) is no language model")
        return
      }
      #expect(shape == again)
      for (a, b) in zip(wanted.layers, found.layers) {
        let pairs = [
          (a.query, b.query), (a.key, b.key), (a.value, b.value), (a.output, b.output),
          (a.up, b.up), (a.down, b.down),
        ]
        for (a, b) in pairs { expectClose(a, b, weights) }
        if let a = a.gate, let b = b.gate { expectClose(a, b, weights) }
      }
      expectClose(wanted.head, found.head, weights)
      guard weights == .f32 else { continue }
      // float32 tiles hold the very numbers, so the reference forward gives the very logits.
      let tokens: [Int32] = [5, 9, 17, 30, 2]
      let a = LlamaReference(configuration: shape, weights: wanted).logits(tokens)
      let b = LlamaReference(configuration: shape, weights: found).logits(tokens)
      for row in tokens.indices { #expect(a.row(row) == b.row(row)) }
    }
  }

  /// Row by row, within what the format rounds.
  private func expectClose(_ a: Matrix, _ b: Matrix, _ weights: WeightChoice) {
    #expect(a.outputs == b.outputs && a.inputs == b.inputs && b.isPacked)
    let step: Float =
      switch weights {
      case .f32: 0
      case .bf16: 0x1p-8
      case .automatic, .int8, .int8Group: 0.52 / 127
      // Up to twice the largest weight in 15 steps.
      case .int4Group: 0.55 * 2 / 15
      }
    for row in 0 ..< a.outputs {
      let (a, b) = (a.row(row), b.row(row))
      let peak = a.map(abs).max() ?? 0
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= step * peak }, "row \(row) as \(weights)")
    }
  }

  @Test func hashesAreThoseOfTheFiles() throws {
    let imported = try Imported(Fixtures.path("models/gguf-q4_1.gguf"), .automatic)
    let manifest = try #require(imported.opened.checkpoint.artifact)
    #expect(manifest == (try Artifact.check(path: imported.path)))
    #expect(manifest.source.sha256 == imported.source.checkpoint.sha256())
    #expect(imported.opened.checkpoint.recordedSHA256 == imported.opened.checkpoint.sha256())
    let names = Set(manifest.files.map(\.name))
    #expect(names == [Manifest.weightsName, Manifest.metadataName])
  }

  @Test func otherWeightsThanTheImportedOnesAreRefused() throws {
    let imported = try Imported(Fixtures.path("models/qwen2"), .int8)
    for weights in WeightChoice.allCases where weights != .automatic && weights != .int8 {
      #expect(throws: FormatError.self) {
        try ServedModel(name: "m", checkpoint: imported.opened.checkpoint, weights: weights)
      }
    }
    #expect(throws: FormatError.self) { try imported.opened.write(to: "\(imported.path).again") }
  }

  @Test func onlyAnArtifactIsReplacedAndOnlyIfAsked() throws {
    let imported = try Imported(Fixtures.path("models/qwen2"), .int8)
    #expect(throws: FormatError.self) { try imported.source.write(to: imported.path) }
    let mine = "\(imported.folder.path)/mine"
    try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: false)
    #expect(throws: FormatError.self) { try imported.source.write(to: mine, replacing: true) }
    let again = try imported.source.write(to: imported.path, name: "again", replacing: true)
    #expect(try Checkpoint.open(path: imported.path).name == "again")
    #expect(again == (try Artifact.check(path: imported.path)))
    // The old one is still served where it is mapped, and gone from the disk.
    #expect(!ArtifactBench.results(of: imported.opened, .predict, [5, 6, 7]).isEmpty)
    let left = try FileManager.default.contentsOfDirectory(atPath: imported.folder.path)
    #expect(left.sorted() == ["mine", "model.mete"])
  }
}

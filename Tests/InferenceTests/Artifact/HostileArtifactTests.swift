import Foundation
import Inference
import Models
import Support
import Testing

/// An artifact that is not what it claims to be is refused with the file and the reason.
struct HostileArtifactTests {
  /// Imports a model, spoils it, and gives what opening it says.
  private func refusal(
    _ model: String = "gguf-q4_1.gguf",
    _ spoil: (String) throws -> Void
  ) throws -> FormatError? {
    let imported = try Imported(Fixtures.path("models/\(model)"), .automatic)
    try spoil(imported.path)
    return #expect(throws: FormatError.self) {
      try ServedModel(name: "m", checkpoint: Checkpoint.open(path: imported.path))
    }
  }

  /// Replaces a text in `mete.json`; it must be there.
  private func edit(_ path: String, _ old: String, _ new: String) throws {
    let file = "\(path)/mete.json"
    let text = String(decoding: Fixtures.bytes(file), as: UTF8.self)
    let range = try #require(text.range(of: old), "no \(old) in \(text)")
    try Data(text.replacingCharacters(in: range, with: new).utf8)
      .write(to: URL(fileURLWithPath: file))
  }

  @Test(arguments: ["packed.safetensors", "metadata.gguf"])
  func aFileThatIsMissingOrShortIsRefused(name: String) throws {
    let missing = try refusal { try FileManager.default.removeItem(atPath: "\($0)/\(name)") }
    #expect(missing?.path.hasSuffix(name) == true, "\(missing?.description ?? "")")
    let short = try refusal { path in
      let file = "\(path)/\(name)"
      try Data(Fixtures.bytes(file).dropLast()).write(to: URL(fileURLWithPath: file))
    }
    #expect(short?.reason.contains("bytes") == true, "\(short?.description ?? "")")
  }

  @Test(arguments: [
    ("\"format_version\": 1", "\"format_version\": 2", "format_version"),
    ("\"family\": \"llama\"", "\"family\": \"qwen2\"", "family"),
    ("\"format\": \"gguf\"", "\"format\": \"onnx\"", "format"),
    ("\"format\": \"gguf\"", "\"format\": \"safetensors\"", "is missing"),
    ("\"int4_group\"", "\"int8_group\"", "bytes"),
    ("\"int4_group\"", "\"int3\"", "format"),
    ("\"interleaved\": true", "\"interleaved\": false", "joins its maps"),
    ("\"interleaved\": true", "\"interleaved\": 1", "interleaved"),
    ("blk.0.attn_q.weight", "blk.0.attn_k.weight", "twice"),
    ("blk.0.attn_q.weight", "blk.7.attn_q.weight", "missing"),
    ("blk.0.query_key_value", "blk.9.query_key_value", "no tensor"),
    ("\"name\": \"packed.safetensors\"", "\"name\": \"../packed.safetensors\"", "plain name"),
    ("\"name\": \"metadata.gguf\"", "\"name\": \"packed.safetensors\"", "bytes"),
    ("\"bytes\": ", "\"bytes\": 1", "bytes"),
    ("\"inputs\": ", "\"inputs\": 99", "bytes"),
    ("\"part_inputs\": ", "\"part_inputs\": 9", "part_inputs"),
    ("\"outputs\": ", "\"outputs\": 1", "bytes"),
    ("\"outputs\": ", "\"outputs\": -", "outputs"),
    ("\"outputs\": ", "\"outputs\": 99999", "outputs"),
    ("\"sha256\": \"", "\"sha256\": \"x", "sha256"),
    ("\"maps\": [", "\"maps\": 3, \"x\": [", "maps"),
  ])
  func aManifestThatDoesNotFitIsRefused(old: String, new: String, word: String) throws {
    let error = try refusal { try edit($0, old, new) }
    #expect(error?.description.contains(word) == true, "\(new): \(error?.description ?? "none")")
  }

  /// Any bit of the manifest, or of the head of the weights, may flip: what is opened then is refused or still
  /// answers, and never traps.
  @Test(arguments: 0 ..< 60)
  func aFlippedBitNeverTraps(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let imported = try Imported(Fixtures.path("models/gguf-q4_1.gguf"), .automatic)
    for _ in 0 ..< 20 {
      let name = ["mete.json", "packed.safetensors"].randomElement(using: &random) ?? ""
      let file = "\(imported.path)/\(name)"
      let before = Fixtures.bytes(file)
      var bytes = before
      let place = Int.random(in: 0 ..< min(bytes.count, 6_000), using: &random)
      bytes[place] ^= 1 << UInt8.random(in: 0 ..< 8, using: &random)
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      if let checkpoint = try? Checkpoint.open(path: imported.path),
        let model = try? ServedModel(name: "m", checkpoint: checkpoint)
      {
        _ = ArtifactBench.results(of: model, .predict, [5, 6, 7])
      }
      try Data(before).write(to: URL(fileURLWithPath: file))
    }
  }

  @Test func aChangedByteIsFoundByTheCheck() throws {
    let imported = try Imported(Fixtures.path("models/qwen2"), .int8)
    let file = "\(imported.path)/packed.safetensors"
    var bytes = Fixtures.bytes(file)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let error = #expect(throws: FormatError.self) { try Artifact.check(path: imported.path) }
    #expect(error?.reason.contains("SHA-256") == true)
    #expect(throws: FormatError.self) { try Artifact.check(path: Fixtures.path("models/qwen2")) }
  }
}

import Models
import Support
import Testing

/// Files that are cut, flipped or lie give an error that names file, place and reason, or load; no crash.
struct HostileFileTests {
  /// Where the tensor data of a file begins: everything before it steers the reader.
  private func headBytes(_ path: String) throws -> Int {
    let tensors =
      path.hasSuffix(".gguf")
      ? try GGUF(path: path).tensors : try Safetensors(path: path).tensors
    return try #require(tensors.map(\.offset).min())
  }

  /// Opens what ought to be refused, or at least not to crash; true if it was refused properly.
  ///
  /// Whatever is there has a place; what is missing has none. `placed` asks for the byte that is to blame in any
  /// case, and that it lies in the file of that length or at its end.
  private func isRefused(_ folder: String, _ file: String, placed length: Int? = nil) -> Bool {
    do {
      let model = try Checkpoint.open(path: file.hasSuffix(".gguf") ? file : folder)
      // What loads must also run: shapes are promises from here on.
      switch model.family {
      case .llama(let configuration, let weights):
        _ = LlamaReference(configuration: configuration, weights: weights).logits([0, 1])
      case .bert(let configuration, let weights):
        _ = BertReference(configuration: configuration, weights: weights).embed([0])
      }
      return false
    } catch {
      #expect(error.path.hasPrefix(folder), "\(error)")
      #expect(!Fixtures.isFolder(error.path), "\(error)")
      // An empty file has no byte to blame.
      let isPlaced = error.offset != nil || length == 0
      #expect(isPlaced || error.reason.contains("missing"), "\(error)")
      if let length, length > 0 {
        #expect((0 ... length).contains(error.offset ?? -1), "\(length) bytes: \(error)")
      }
      return true
    }
  }

  private static let files = [
    "gguf-q4_1.gguf", "gguf-factors.gguf", "llama-f16/model.safetensors",
    "bert-encoder/model.safetensors",
  ]

  /// A folder with a copy of the model that `file` belongs to, and the file in it.
  private func copy(_ file: String) throws -> (TemporaryFolder, name: String, bytes: [UInt8]) {
    let folder = try TemporaryFolder()
    let parts = file.split(separator: "/").map(String.init)
    if parts.count > 1 { try folder.copy(contentsOf: Fixtures.path("models/\(parts[0])")) }
    return (folder, parts[parts.count - 1], Fixtures.bytes(Fixtures.path("models/\(file)")))
  }

  @Test(arguments: files)
  func everyTruncationIsRefused(file: String) throws {
    let (folder, name, bytes) = try copy(file)
    let head = try headBytes(Fixtures.path("models/\(file)"))
    var random = SplitMix64(seed: 1)
    let inData = (0 ..< 60).map { _ in Int.random(in: head ..< bytes.count, using: &random) }
    for length in Array(0 ... head) + inData + [bytes.count - 1] {
      let path = try folder.write(Array(bytes[..<length]), to: name)
      #expect(
        isRefused(folder.path, path, placed: length),
        "\(file) cut to \(length) bytes"
      )
    }
  }

  @Test(arguments: files)
  func everyFlippedByteOfTheHeadIsSurvived(file: String) throws {
    let (folder, name, bytes) = try copy(file)
    let head = try headBytes(Fixtures.path("models/\(file)"))
    var random = SplitMix64(seed: 2)
    var refused = 0
    for position in 0 ..< head {
      var flipped = bytes
      flipped[position] ^= position % 2 == 0 ? 0xFF : 1 << UInt8.random(in: 0 ..< 8, using: &random)
      if isRefused(folder.path, try folder.write(flipped, to: name)) { refused += 1 }
    }
    // Most bytes of a head are names, counts and places.
    #expect(refused > head / 4)
  }

  @Test(arguments: files, [0, 1, 0x7FFF_FFFF, 1 << 31, .max, 1 << 63, .max - 1, 1 << 40])
  func everyLyingNumberIsSurvived(file: String, lie: UInt64) throws {
    let (folder, name, bytes) = try copy(file)
    let head = try headBytes(Fixtures.path("models/\(file)"))
    var refused = 0
    for position in stride(from: Int(lie % 7), to: head - 8, by: 7) {
      var lying = bytes
      for i in 0 ..< 8 { lying[position + i] = UInt8(truncatingIfNeeded: lie >> (8 * UInt64(i))) }
      if isRefused(folder.path, try folder.write(lying, to: name)) { refused += 1 }
    }
    #expect(refused > head / 14)
  }

  @Test(arguments: [
    "llama-wide/config.json", "llama-f32/tokenizer.json", "llama-sharded/config.json",
    "llama-sharded/model.safetensors.index.json", "bert-encoder/config.json",
    "bert-encoder/modules.json", "bert-encoder/sentence_bert_config.json",
    "bert-classifier/config.json", "bert-classifier/tokenizer.json",
  ])
  func everyChangeOfASettingIsSurvived(file: String) throws {
    let (folder, name, bytes) = try copy(file)
    var random = SplitMix64(seed: 3)
    var refused = 0
    for position in bytes.indices {
      var changed = bytes
      switch position % 3 {
      case 0: changed[position] ^= 1 << UInt8.random(in: 0 ..< 8, using: &random)
      case 1: changed.removeSubrange(position ..< min(position + 7, bytes.count))
      default: changed.insert(contentsOf: Array("9223372036854775807".utf8), at: position)
      }
      if isRefused(folder.path, try folder.write(changed, to: name)) { refused += 1 }
    }
    #expect(refused > 0)
  }
}

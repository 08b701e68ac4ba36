import Foundation
import Models
import Support

/// The tokenizers of the two real models, read once.
enum RealTokenizers {
  static let smolLM2Path = ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
  static let miniLMPath = ModelCache.path("minilm/tokenizer.json")
  static let areCached = smolLM2Path != nil && miniLMPath != nil

  static let smolLM2 = Result { () throws -> Tokenizer in
    let path = try found(smolLM2Path)
    guard let vocabulary = try GGUF(path: path).vocabulary() else { throw Missing(what: path) }
    return try Tokenizer(vocabulary: vocabulary, path: path)
  }

  static let miniLM = Result { () throws -> Tokenizer in
    let path = try found(miniLMPath)
    let config = try found(ModelCache.path("minilm/tokenizer_config.json"))
    return try Tokenizer(
      tokenizerJSON: try JSON(parsing: try bytes(path), path: path),
      config: try JSON(parsing: try bytes(config), path: config),
      path: path
    )
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  struct Missing: Error { let what: String }

  private static func found(_ path: String?) throws -> String {
    guard let path else { throw Missing(what: "model cache") }
    return path
  }
}

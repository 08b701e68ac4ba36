import Foundation
import Support

/// The tiny models of Tests/Fixtures as a daemon can serve them: with a tokenizer, and one with room to run long.
enum TinyModel {
  /// One token per letter, without any merge, so that every text's ids can be told from its letters.
  static let letters = Array("abcdefghijklmnopqrstuvwxyzĠ.,!?-0123456789ABCDEF").map(String.init)

  /// The ids of a text of those letters and spaces.
  static func tokens(of text: String) -> [Int] {
    text.compactMap { letter in letters.firstIndex(of: letter == " " ? "Ġ" : String(letter)) }
  }

  /// A language model of 48 tokens that may read and write 200,000 of them.
  static func language(in folder: TemporaryFolder) throws -> String {
    let path = try copy("llama-f32", to: folder) { config in
      config["max_position_embeddings"] = 200_000
      // Every id is a letter here; none ends a text.
      config["eos_token_id"] = [Int]()
    }
    let vocabulary = Dictionary(uniqueKeysWithValues: letters.enumerated().map { ($1, $0) })
    try write(
      [
        "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true],
        "decoder": ["type": "ByteLevel"],
        "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()],
      ],
      to: "\(path)/tokenizer.json"
    )
    return path
  }

  /// An encoder that classifies into calm, stormy and drizzle, and embeds.
  static func classifier(in folder: TemporaryFolder) throws -> String {
    let path = try copy("bert-classifier", to: folder) { _ in }
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "wind", "rain", "sun", "no", "much"]
    let vocabulary = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, $0) })
    try write(
      [
        "normalizer": ["type": "BertNormalizer", "lowercase": true],
        "pre_tokenizer": ["type": "BertPreTokenizer"],
        "post_processor": ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]],
        "decoder": ["type": "WordPiece", "prefix": "##"],
        "model": ["type": "WordPiece", "unk_token": "[UNK]", "vocab": vocabulary],
      ],
      to: "\(path)/tokenizer.json"
    )
    return path
  }

  private static func copy(
    _ name: String,
    to folder: TemporaryFolder,
    _ change: (inout [String: Any]) -> Void
  ) throws -> String {
    let path = "\(folder.path)/\(name)"
    try FileManager.default.copyItem(atPath: Fixtures.path("models/\(name)"), toPath: path)
    let file = "\(path)/config.json"
    let config = try JSONSerialization.jsonObject(with: Data(Fixtures.bytes(file)))
    guard var settings = config as? [String: Any] else { return path }
    change(&settings)
    try write(settings, to: file)
    return path
  }

  private static func write(_ object: [String: Any], to path: String) throws {
    try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: path))
  }
}

import Foundation

/// Small random models with real tokenizers, written as Hugging Face directories: real enough for
/// every path through the engine, and fast.
public enum TinyModels {
  /// Layers of both models.
  public static let layers = 3
  /// Positions of the language model.
  public static let positions = 256
  /// Positions of the encoder.
  public static let encoderPositions = 64
  /// Labels of the encoder's classifier.
  public static let labels = ["calm", "stormy", "drizzle"]

  /// Writes a Llama with grouped-query attention and a ChatML template; its vocabulary is the 256
  /// bytes, a few merges and three special tokens.
  ///
  /// - Parameters:
  ///   - folder: created; holds the model afterwards.
  ///   - seed: of the weights.
  /// - Throws: when the files cannot be written.
  public static func writeLlama(to folder: String, seed: UInt64 = 1) throws {
    let (width, ffn, heads, groups, head) = (32, 64, 4, 2, 8)
    let vocabulary = ByteLevelVocabulary()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(vocabulary.tokenizerJSON, to: "\(folder)/tokenizer.json")
    try write(vocabulary.tokenizerConfig, to: "\(folder)/tokenizer_config.json")
    try write(
      """
      {"model_type":"llama","hidden_size":\(width),"intermediate_size":\(ffn),
      "num_hidden_layers":\(layers),"num_attention_heads":\(heads),"num_key_value_heads":\(groups),
      "head_dim":\(head),"vocab_size":\(vocabulary.count),"max_position_embeddings":\(positions),
      "rms_norm_eps":1e-5,"rope_theta":10000.0,"tie_word_embeddings":true,"hidden_act":"silu",
      "bos_token_id":\(vocabulary.count - 3),"eos_token_id":\(vocabulary.count - 1)}
      """,
      to: "\(folder)/config.json"
    )
    var weights = RandomWeights(seed: seed)
    weights.matrix("model.embed_tokens.weight", vocabulary.count, width, scale: 1)
    weights.gain("model.norm.weight", width)
    for layer in 0 ..< layers {
      let base = "model.layers.\(layer)."
      weights.gain("\(base)input_layernorm.weight", width)
      weights.gain("\(base)post_attention_layernorm.weight", width)
      weights.matrix("\(base)self_attn.q_proj.weight", heads * head, width)
      weights.matrix("\(base)self_attn.k_proj.weight", groups * head, width)
      weights.matrix("\(base)self_attn.v_proj.weight", groups * head, width)
      weights.matrix("\(base)self_attn.o_proj.weight", width, heads * head)
      weights.matrix("\(base)mlp.gate_proj.weight", ffn, width)
      weights.matrix("\(base)mlp.up_proj.weight", ffn, width)
      weights.matrix("\(base)mlp.down_proj.weight", width, ffn)
    }
    try weights.writer.write(to: "\(folder)/model.safetensors")
  }

  /// Writes a BERT with a classification head of three labels and a WordPiece vocabulary.
  ///
  /// - Parameters:
  ///   - folder: created; holds the model afterwards.
  ///   - seed: of the weights.
  /// - Throws: when the files cannot be written.
  public static func writeBERT(to folder: String, seed: UInt64 = 2) throws {
    let (width, ffn, heads) = (32, 64, 4)
    let vocabulary = WordPieceVocabulary()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(vocabulary.tokenizerJSON, to: "\(folder)/tokenizer.json")
    let names = labels.enumerated().map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
    try write(
      """
      {"model_type":"bert","architectures":["BertForSequenceClassification"],
      "hidden_size":\(width),"intermediate_size":\(ffn),"num_hidden_layers":\(layers),
      "num_attention_heads":\(heads),"vocab_size":\(vocabulary.count),"type_vocab_size":2,
      "max_position_embeddings":\(encoderPositions),"layer_norm_eps":1e-12,"hidden_act":"gelu",
      "position_embedding_type":"absolute","id2label":{\(names)}}
      """,
      to: "\(folder)/config.json"
    )
    var weights = RandomWeights(seed: seed)
    weights.matrix("bert.embeddings.word_embeddings.weight", vocabulary.count, width, scale: 1)
    weights.matrix("bert.embeddings.position_embeddings.weight", encoderPositions, width, scale: 1)
    weights.matrix("bert.embeddings.token_type_embeddings.weight", 2, width, scale: 1)
    weights.norm("bert.embeddings.LayerNorm", width)
    for layer in 0 ..< layers {
      let base = "bert.encoder.layer.\(layer)."
      for part in ["query", "key", "value"] {
        weights.dense("\(base)attention.self.\(part)", width, width)
      }
      weights.dense("\(base)attention.output.dense", width, width)
      weights.norm("\(base)attention.output.LayerNorm", width)
      weights.dense("\(base)intermediate.dense", ffn, width)
      weights.dense("\(base)output.dense", width, ffn)
      weights.norm("\(base)output.LayerNorm", width)
    }
    weights.dense("bert.pooler.dense", width, width)
    weights.dense("classifier", labels.count, width)
    try weights.writer.write(to: "\(folder)/model.safetensors")
  }

  private static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }
}

/// Random weights by name, from one seed.
private struct RandomWeights {
  var writer = SafetensorsWriter()
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func matrix(_ name: String, _ outputs: Int, _ inputs: Int, scale: Float? = nil) {
    let bound = scale ?? 1.7 / Float(inputs).squareRoot()
    writer.add(name, [outputs, inputs], values(outputs * inputs, -bound ... bound))
  }

  mutating func gain(_ name: String, _ width: Int) {
    writer.add(name, [width], values(width, 0.5 ... 1.5))
  }

  mutating func norm(_ name: String, _ width: Int) {
    gain("\(name).weight", width)
    writer.add("\(name).bias", [width], values(width, -0.1 ... 0.1))
  }

  mutating func dense(_ name: String, _ outputs: Int, _ inputs: Int) {
    matrix("\(name).weight", outputs, inputs)
    writer.add("\(name).bias", [outputs], values(outputs, -0.1 ... 0.1))
  }

  private mutating func values(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
    (0 ..< count).map { _ in Float.random(in: range, using: &random) }
  }
}

/// How a format names the tensors of a language model: layers number from 0, `*` is the number.
///
/// `.weight` and `.bias` are left out, but for the three tables, which have no bias.
struct DecoderNames: Sendable {
  var embedding, finalNorm, head: String
  var attentionNorm, query, key, value, output, ffnNorm, up, down: String
  /// Nothing where the configuration has no such part.
  var gate = "", queryNorm = "", keyNorm = "", positionEmbedding = ""
  /// One tensor instead of `query`, `key` and `value`, in this order.
  var queryKeyValue: String?
  /// Whether linear maps are stored (inputs, outputs).
  var isTransposed = false
  /// Whether query and key rows lie in pairs, as GGUF stores those of Llama.
  var isInterleaved = false

  /// The names of GGUF, below which all architectures agree.
  static let gguf = DecoderNames(
    embedding: "token_embd.weight",
    finalNorm: "output_norm",
    head: "output.weight",
    attentionNorm: "blk.*.attn_norm",
    query: "blk.*.attn_q",
    key: "blk.*.attn_k",
    value: "blk.*.attn_v",
    output: "blk.*.attn_output",
    ffnNorm: "blk.*.ffn_norm",
    up: "blk.*.ffn_up",
    down: "blk.*.ffn_down",
    gate: "blk.*.ffn_gate",
    queryNorm: "blk.*.attn_q_norm",
    keyNorm: "blk.*.attn_k_norm",
    positionEmbedding: "position_embd.weight"
  )

  /// The names that Llama and its descendants have in transformers, below `prefix`: `model.`, or nothing
  /// where the body was saved on its own.
  static func llama(prefix: String) -> DecoderNames {
    DecoderNames(
      embedding: "\(prefix)embed_tokens.weight",
      finalNorm: "\(prefix)norm",
      head: "lm_head.weight",
      attentionNorm: "\(prefix)layers.*.input_layernorm",
      query: "\(prefix)layers.*.self_attn.q_proj",
      key: "\(prefix)layers.*.self_attn.k_proj",
      value: "\(prefix)layers.*.self_attn.v_proj",
      output: "\(prefix)layers.*.self_attn.o_proj",
      ffnNorm: "\(prefix)layers.*.post_attention_layernorm",
      up: "\(prefix)layers.*.mlp.up_proj",
      down: "\(prefix)layers.*.mlp.down_proj",
      gate: "\(prefix)layers.*.mlp.gate_proj",
      queryNorm: "\(prefix)layers.*.self_attn.q_norm",
      keyNorm: "\(prefix)layers.*.self_attn.k_norm"
    )
  }

  /// The names of one layer, written out.
  func at(layer index: Int) -> DecoderNames {
    var names = self
    for path in Self.layered { names[keyPath: path].replace("*", with: "\(index)") }
    names.queryKeyValue?.replace("*", with: "\(index)")
    return names
  }

  private static let layered: [any WritableKeyPath<DecoderNames, String> & Sendable] = [
    \.attentionNorm, \.query, \.key, \.value, \.output, \.ffnNorm, \.up, \.down, \.gate,
    \.queryNorm, \.keyNorm,
  ]

  /// Every tensor that `configuration` calls for.
  func requirements(_ configuration: LlamaConfiguration) -> [WeightShelf.Requirement] {
    let width = configuration.width
    var list = WeightShelf.RequirementList(isTransposed: isTransposed)
    list.add(embedding, [configuration.vocabulary, width])
    if configuration.position == .learned {
      list.add(positionEmbedding, [configuration.positionsMax, width])
    }
    if !configuration.tiedHead { list.add(head, [configuration.vocabulary, width]) }
    let hasNormBias = configuration.norm == .layer
    list.norm(finalNorm, width, hasBias: hasNormBias)
    for index in 0 ..< configuration.layers {
      at(layer: index).add(layerOf: configuration, to: &list)
    }
    return list.requirements
  }

  private func add(
    layerOf configuration: LlamaConfiguration,
    to list: inout WeightShelf.RequirementList
  ) {
    let width = configuration.width
    let (queryWidth, groupWidth) = (configuration.queryWidth, configuration.keyValueWidth)
    let hasNormBias = configuration.norm == .layer
    list.norm(attentionNorm, width, hasBias: hasNormBias)
    list.norm(ffnNorm, width, hasBias: hasNormBias)
    let hasBias = configuration.biases.contains(.queryKeyValue)
    if let queryKeyValue {
      list.map(queryKeyValue, queryWidth + 2 * groupWidth, width, hasBias: hasBias)
    } else {
      list.map(query, queryWidth, width, hasBias: hasBias)
      list.map(key, groupWidth, width, hasBias: hasBias)
      list.map(value, groupWidth, width, hasBias: hasBias)
    }
    if configuration.hasHeadNorms {
      list.norm(queryNorm, configuration.headWidth, hasBias: false)
      list.norm(keyNorm, configuration.headWidth, hasBias: false)
    }
    list.map(output, width, queryWidth, hasBias: configuration.biases.contains(.attentionOutput))
    let hasNeuronBias = configuration.biases.contains(.feedForward)
    if configuration.feedForward == .gatedSilu {
      list.map(gate, configuration.ffnWidth, width, hasBias: hasNeuronBias)
    }
    list.map(up, configuration.ffnWidth, width, hasBias: hasNeuronBias)
    list.map(down, width, configuration.ffnWidth, hasBias: hasNeuronBias)
  }
}

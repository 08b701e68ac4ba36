internal import Tensors

/// How a format names the tensors of a Llama model.
struct LlamaNames {
  var embedding: String
  var finalNorm: String
  var head: String
  /// Prefix of layer i.
  var layer: @Sendable (Int) -> String
  var attentionNorm, query, key, value, output, ffnNorm, gate, up, down: String

  static let gguf = LlamaNames(
    embedding: "token_embd.weight",
    finalNorm: "output_norm.weight",
    head: "output.weight",
    layer: { "blk.\($0)." },
    attentionNorm: "attn_norm.weight",
    query: "attn_q.weight",
    key: "attn_k.weight",
    value: "attn_v.weight",
    output: "attn_output.weight",
    ffnNorm: "ffn_norm.weight",
    gate: "ffn_gate.weight",
    up: "ffn_up.weight",
    down: "ffn_down.weight"
  )

  /// The names below `prefix`: `model.`, or nothing where the body was saved on its own.
  static func huggingFace(prefix: String) -> LlamaNames {
    LlamaNames(
      embedding: "\(prefix)embed_tokens.weight",
      finalNorm: "\(prefix)norm.weight",
      head: "lm_head.weight",
      layer: { "\(prefix)layers.\($0)." },
      attentionNorm: "input_layernorm.weight",
      query: "self_attn.q_proj.weight",
      key: "self_attn.k_proj.weight",
      value: "self_attn.v_proj.weight",
      output: "self_attn.o_proj.weight",
      ffnNorm: "post_attention_layernorm.weight",
      gate: "mlp.gate_proj.weight",
      up: "mlp.up_proj.weight",
      down: "mlp.down_proj.weight"
    )
  }

  /// Every tensor that `configuration` calls for.
  func requirements(_ configuration: LlamaConfiguration) -> [WeightShelf.Requirement] {
    let width = configuration.width
    let table = [configuration.vocabulary, width]
    var all: [(String, [Int])] = [(embedding, table), (finalNorm, [width])]
    if !configuration.tiedHead { all.append((head, table)) }
    for layer in (0 ..< configuration.layers).map(layer) {
      all += [
        (layer + attentionNorm, [width]),
        (layer + query, [configuration.queryWidth, width]),
        (layer + key, [configuration.keyValueWidth, width]),
        (layer + value, [configuration.keyValueWidth, width]),
        (layer + output, [width, configuration.queryWidth]),
        (layer + ffnNorm, [width]),
        (layer + gate, [configuration.ffnWidth, width]),
        (layer + up, [configuration.ffnWidth, width]),
        (layer + down, [width, configuration.ffnWidth]),
      ]
    }
    return all.map { WeightShelf.Requirement(name: $0.0, shape: $0.1) }
  }
}

extension LlamaWeights {
  /// Decodes the weights that `shelf.check` has seen.
  ///
  /// - Parameters:
  ///   - shelf: the checked tensors.
  ///   - names: of the format.
  ///   - configuration: the checked shape.
  ///   - interleaved: whether query and key rows lie in pairs, as GGUF stores them.
  init(
    _ shelf: WeightShelf,
    names: LlamaNames,
    configuration: LlamaConfiguration,
    interleaved: Bool
  ) {
    let headWidth = configuration.headWidth
    embedding = shelf.matrix(names.embedding)
    head = configuration.tiedHead ? embedding : shelf.matrix(names.head)
    finalNorm = shelf.vector(names.finalNorm)
    layers = (0 ..< configuration.layers).map(names.layer).map { layer in
      let query = shelf.matrix(layer + names.query)
      let key = shelf.matrix(layer + names.key)
      return LlamaLayer(
        attentionNorm: shelf.vector(layer + names.attentionNorm),
        query: interleaved ? query.separatingPairs(headWidth: headWidth) : query,
        key: interleaved ? key.separatingPairs(headWidth: headWidth) : key,
        value: shelf.matrix(layer + names.value),
        output: shelf.matrix(layer + names.output),
        ffnNorm: shelf.vector(layer + names.ffnNorm),
        gate: shelf.matrix(layer + names.gate),
        up: shelf.matrix(layer + names.up),
        down: shelf.matrix(layer + names.down)
      )
    }
  }
}

extension Matrix {
  /// Moves the rows of every head from pairs (0, 1), (2, 3) … to halves: all first ones, then all
  /// second ones.
  func separatingPairs(headWidth: Int) -> Matrix {
    precondition(
      headWidth % 2 == 0 && outputs % headWidth == 0,
      "\(outputs) rows, heads of \(headWidth)"
    )
    return reordered(
      (0 ..< outputs).map { row in
        let (head, place) = row.quotientAndRemainder(dividingBy: headWidth)
        let (half, pair) = place.quotientAndRemainder(dividingBy: headWidth / 2)
        return head * headWidth + 2 * pair + half
      }
    )
  }
}

/// What `transformers` calls the tensors of a BERT with a classification head.
struct EncoderParameterNames {
  let words = "bert.embeddings.word_embeddings.weight"
  let positions = "bert.embeddings.position_embeddings.weight"
  let types = "bert.embeddings.token_type_embeddings.weight"
  let embeddingNorm = "bert.embeddings.LayerNorm"
  let pooler = "bert.pooler.dense"
  let classifier = "classifier"

  func part(_ name: String, of layer: Int) -> String { "bert.encoder.layer.\(layer).\(name)" }
}

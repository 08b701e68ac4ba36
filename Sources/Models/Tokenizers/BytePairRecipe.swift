/// What a GGUF file leaves unsaid about a byte-level tokenizer but for one name, `tokenizer.ggml.pre`.
struct BytePairRecipe {
  let pretokenizer: Pretokenizer
  /// Whether text is composed (NFC), as these models' own tokenizers do.
  var composes = false
  /// Whether a piece that is a token needs no merges to become it.
  var keepsWholes = false
  /// Whether texts begin with the first token where the file does not say.
  var addsBos = false

  /// The names below, for errors.
  static let known = #""gpt-2", "llama-bpe", "qwen2", "smollm""#

  /// Nil for a name that we do not know.
  init?(named name: String) {
    switch name {
    case "gpt-2": pretokenizer = .gpt2(PretokenScanner(splitsDigits: false))
    case "smollm": pretokenizer = .gpt2(PretokenScanner(splitsDigits: true))
    case "qwen2":
      pretokenizer = .words(WordScanner(digitsMax: 1))
      composes = true
    case "llama-bpe", "llama3", "llama-v3":
      pretokenizer = .words(WordScanner(digitsMax: 3))
      keepsWholes = true
      addsBos = true
    default: return nil
    }
  }
}

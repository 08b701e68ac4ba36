/// A byte-level BPE vocabulary: 256 bytes, six merges, and ChatML's special tokens.
struct ByteLevelVocabulary {
  private static let merges = ["t h", "th e", "Ġ the", "i n", "Ġ a", "e r"]
  private static let specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

  var count: Int { 256 + Self.merges.count + Self.specials.count }

  var tokenizerJSON: String {
    var tokens = Self.alphabet.map { String($0) }
    tokens += Self.merges.map { $0.filter { $0 != " " } }
    let entries = tokens.enumerated().map { "\(Self.quoted($1)):\($0)" }.joined(separator: ",")
    let merges = Self.merges.map(Self.quoted).joined(separator: ",")
    let added = Self.specials.enumerated().map { index, token in
      """
      {"id":\(tokens.count + index),"content":"\(token)","single_word":false,"lstrip":false,
      "rstrip":false,"normalized":false,"special":true}
      """
    }.joined(separator: ",")
    let scanner = "\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true"
    return """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added)],
      "normalizer":null,"pre_tokenizer":{\(scanner),"use_regex":true},"post_processor":null,
      "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
      "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
      "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,
      "vocab":{\(entries)},"merges":[\(merges)]}}
      """
  }

  var tokenizerConfig: String {
    """
    {"bos_token":"<|endoftext|>","eos_token":"<|im_end|>","chat_template":
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"}
    """
  }

  /// The character that stands for each byte: printable ones for themselves, the rest from U+0100 on.
  private static let alphabet: [Character] = {
    var next: UInt32 = 256
    return (0 ..< 256).map { byte in
      let stands = (33 ... 126).contains(byte) || (161 ... 172).contains(byte) || byte >= 174
      defer { if !stands { next += 1 } }
      return Character(Unicode.Scalar(stands ? UInt32(byte) : next) ?? " ")
    }
  }()

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

/// A WordPiece vocabulary: special tokens, letters and digits, their continuations, some words.
struct WordPieceVocabulary {
  private static let words =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "!", "?", "the", "rain", "sun"]

  private var tokens: [String] {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789".map { String($0) }
    return Self.words + letters + letters.map { "##\($0)" }
  }

  var count: Int { tokens.count }

  var tokenizerJSON: String {
    let entries = tokens.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
    let added = (0 ..< 5).map { index in
      """
      {"id":\(index),"content":"\(Self.words[index])","single_word":false,"lstrip":false,
      "rstrip":false,"normalized":false,"special":true}
      """
    }.joined(separator: ",")
    func special(_ name: String, _ id: Int) -> String {
      "\"\(name)\":{\"id\":\"\(name)\",\"ids\":[\(id)],\"tokens\":[\"\(name)\"]}"
    }
    func piece(_ kind: String, _ id: String, _ type: Int) -> String {
      "{\"\(kind)\":{\"id\":\"\(id)\",\"type_id\":\(type)}}"
    }
    let single = [
      piece("SpecialToken", "[CLS]", 0), piece("Sequence", "A", 0),
      piece("SpecialToken", "[SEP]", 0),
    ]
    let pair = single + [piece("Sequence", "B", 1), piece("SpecialToken", "[SEP]", 1)]
    return """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added)],
      "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
      "strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},
      "post_processor":{"type":"TemplateProcessing","single":[\(single.joined(separator: ","))],
      "pair":[\(pair.joined(separator: ","))],
      "special_tokens":{\(special("[CLS]", 2)),\(special("[SEP]", 3))}},
      "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
      "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
      "max_input_chars_per_word":100,"vocab":{\(entries)}}}
      """
  }
}

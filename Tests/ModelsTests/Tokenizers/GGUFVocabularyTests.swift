import Support
import Testing

@testable import Models

struct GGUFVocabularyTests {
  /// A small vocabulary of either kind.
  static func sample(_ model: String) -> GGUFVocabulary {
    let isBytePair = model == "gpt2"
    let tokens =
      isBytePair
      ? ["<|endoftext|>", "a", "b", "c", "Ġ", "ab", "Ġa", "<tool>"]
      : ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁hello", "▁a", "b", "▁b"]
    var file = GGUFVocabulary(model: model, pre: "gpt-2", tokens: tokens.map { Array($0.utf8) })
    file.tokenTypes = isBytePair ? [3, 1, 1, 1, 1, 1, 1, 4] : [3, 2, 3, 3, 1, 1, 1, 1]
    if isBytePair {
      file.merges = ["a b", "Ġ a"].map { Array($0.utf8) }
      file.bos = 0
      file.eos = 0
    } else {
      file.unk = 1
      file.sep = 3
      file.cls = 2
    }
    return file
  }

  private func tokenizer(_ file: GGUFVocabulary) throws -> Tokenizer {
    try Tokenizer(vocabulary: file, path: "model.gguf")
  }

  private func refusal(_ file: GGUFVocabulary) -> String {
    do {
      _ = try Tokenizer(vocabulary: file, path: "model.gguf")
      return "(accepted)"
    } catch {
      return error.description
    }
  }

  private func encode(_ text: String, _ tokenizer: Tokenizer) -> [Int32] {
    tokenizer.encode(Array(text.utf8), addSpecial: true)
  }

  @Test func bytePairsAreRead() throws {
    var file = Self.sample("gpt2")
    #expect(encode("ab a<tool>c<|endoftext|>", try tokenizer(file)) == [5, 6, 7, 3, 0])
    // Bytes without a token are dropped, and their neighbours meet.
    #expect(encode("azb", try tokenizer(file)) == [5])
    file.addBos = true
    file.addEos = true
    #expect(encode("c", try tokenizer(file)) == [0, 3, 0])
    #expect(try tokenizer(file).decode([4, 5, 7, 0], skipSpecial: true) == Array(" ab<tool>".utf8))
  }

  @Test func wordPiecesAreRead() throws {
    let tokenizer = try tokenizer(Self.sample("bert"))
    #expect(encode("Héllo ab b?", tokenizer) == [2, 4, 5, 6, 7, 1, 3])
    #expect(tokenizer.id(of: "hello") == 4)
    #expect(tokenizer.id(of: "##b") == 6)
    #expect(tokenizer.decode([2, 4, 5, 6, 3], skipSpecial: true) == Array("hello ab".utf8))
    let pair = tokenizer.encodePair(Array("a".utf8), Array("b b".utf8))
    #expect(pair == EncodedPair(ids: [2, 5, 3, 7, 7, 3], types: [0, 0, 0, 1, 1, 1]))
  }

  @Test func otherKindsAreRefusedByName() {
    var file = Self.sample("gpt2")
    file.pre = "deepseek-llm"
    #expect(
      refusal(file).contains(
        "\"deepseek-llm\"; known are \"gpt-2\", \"llama-bpe\", \"qwen2\", \"smollm\""
      )
    )
    file.model = "t5"
    #expect(refusal(file).contains("\"t5\""))
  }

  @Test func namesOfPretokenizersSayTheRest() throws {
    var file = Self.sample("gpt2")
    file.tokens += ["1", "2", "3", "12", "ac", "é", "Ã", "©"].map { Array($0.utf8) }
    file.tokenTypes += [Int32](repeating: 1, count: 8)
    file.merges.append(Array("1 2".utf8))
    // GPT-2 keeps digits together, and does not know "ac" without a merge.
    #expect(encode("12312 ac", try tokenizer(file)) == [11, 10, 11, 6, 3])
    file.pre = "qwen2"
    #expect(encode("12312 ac", try tokenizer(file)) == [8, 9, 10, 8, 9, 6, 3])
    let accented = encode("e\u{301}", try tokenizer(file))
    #expect(accented == [14, 15], "composed to two bytes")
    // Llama 3 takes digits in threes, whole tokens as they are, and begins every text.
    file.pre = "llama-bpe"
    #expect(encode("12312ac", try tokenizer(file)) == [0, 11, 10, 11, 12])
    file.addBos = false
    #expect(encode("ac", try tokenizer(file)) == [12])
  }

  @Test func contradictionsAreRefused() {
    var file = Self.sample("gpt2")
    file.tokenTypes.removeLast()
    #expect(refusal(file).contains("8 tokens, but 7 token types"))
    file = Self.sample("gpt2")
    file.tokens[3] = Array("a".utf8)
    #expect(refusal(file).contains("token \"a\" appears twice"))
    file = Self.sample("gpt2")
    file.merges.append(Array("b q".utf8))
    #expect(refusal(file).contains("merge 2, \"b q\""))
    file.merges = [Array("ab".utf8)]
    #expect(refusal(file).contains("is not a pair of tokens"))
    file = Self.sample("gpt2")
    file.eos = 8
    #expect(refusal(file).contains("eos_token_id is 8"))
    file = Self.sample("gpt2")
    file.bos = nil
    file.addBos = true
    #expect(refusal(file).contains("add_bos_token is true"))
    file = Self.sample("gpt2")
    file.tokens[7] = [0x80, 0x41]
    #expect(refusal(file).contains("added token 7 is not UTF-8"))
    file = Self.sample("bert")
    file.tokens[4] = [0xE2, 0x96, 0x81, 0xFF]
    #expect(refusal(file).contains("token 4 is not UTF-8"))
  }
}

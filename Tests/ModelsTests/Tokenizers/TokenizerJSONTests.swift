import Support
import Testing

@testable import Models

struct TokenizerJSONTests {
  /// A toy's file, changed at a path of keys and indices.
  private func refusal(toy number: Int, _ path: [String], _ value: String) throws -> String {
    let toy = try #require(try ToyTests.toys().dropFirst(number).first)
    let value = try JSON(parsing: Array(value.utf8), path: "value")
    let file = toy.file.replacing(path[...], with: value)
    do {
      _ = try Tokenizer(tokenizerJSON: file, config: nil, path: "tokenizer.json")
      return "(accepted)"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    (0, ["model", "type"], "\"Unigram\"", "model \"Unigram\" is not supported"),
    (0, ["normalizer"], "{\"type\": \"NFKC\"}", "normalizer \"NFKC\" is not supported"),
    (0, ["normalizer"], "{\"type\": \"NFC\"}", "(accepted)"),
    (0, ["pre_tokenizer", "type"], "\"Metaspace\"", "pre-tokenizer \"Metaspace\""),
    (0, ["pre_tokenizer", "add_prefix_space"], "true", "(accepted)"),
    (1, ["normalizer"], "{\"type\": \"NFC\"}", "\"ab\" is matched after normalization"),
    (0, ["pre_tokenizer", "use_regex"], "false", "without \"use_regex\""),
    (0, ["decoder", "type"], "\"Fuse\"", "decoder \"Fuse\""),
    (0, ["model", "dropout"], "0.1", "\"dropout\" is not supported"),
    (0, ["model", "byte_fallback"], "true", "\"byte_fallback\" is not supported"),
    (0, ["model", "ignore_merges"], "true", "(accepted)"),
    (0, ["model", "unk_token"], "\"?!\"", "the token \"?!\" is missing from the vocabulary"),
    (0, ["model", "merges", "3"], "\"h e e\"", "merge 3 is not a pair"),
    (0, ["model", "merges", "3"], "[\"h\", \"h\"]", "merge 3, \"h h\", names or makes a token"),
    (0, ["model", "vocab", "a"], "-1", "token \"a\" has the id -1"),
    (0, ["model", "vocab", "a"], "4194304", "ids lie in 0 ..< 5220"),
    // 281 tokens: a lying id must not make a table of millions.
    (0, ["model", "vocab", "a"], "5220", "has the id 5220; ids lie in 0 ..< 5220"),
    (0, ["model", "vocab", "a"], "7", "two tokens have the id 7"),
    (0, ["model", "vocab", "a"], "1.5", "the id of token \"a\" is not an integer"),
    (0, ["added_tokens", "0", "single_word"], "true", "\"single_word\" is not supported"),
    (0, ["added_tokens", "0", "content"], "\"\"", "an added token is empty"),
    (0, ["added_tokens", "0", "content"], "\"a\"", "added token \"a\" has the ids"),
    (0, ["added_tokens", "0", "content"], "\"<tool>\"", "added token \"<tool>\""),
    (0, ["added_tokens", "0", "content"], "\" s\"", "begins or ends with white space"),
    (0, ["added_tokens", "4", "normalized"], "true", "overlap and differ in \"normalized\""),
    (0, ["post_processor", "single"], "[]", "does not take its texts once, in order"),
    (0, ["post_processor", "special_tokens", "<s>", "ids"], "[99999]", "<s> is 99999"),
    (0, ["post_processor", "type"], "\"RobertaProcessing\"", "cls is missing"),
    (1, ["pre_tokenizer", "pretokenizers", "0", "individual_digits"], "false", "\"Digits\""),
    (
      1, ["pre_tokenizer", "pretokenizers", "0", "type"], "\"Split\"",
      "\"Split\" without a \"Regex\""
    ),
    (
      1, ["pre_tokenizer", "pretokenizers", "0"],
      "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\w+\"},\"behavior\":\"Isolated\"}",
      "pattern \"\\w+\" is not supported"
    ),
    (
      1, ["pre_tokenizer", "pretokenizers", "0"],
      "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"x\"},\"behavior\":\"Removed\"}",
      "that is not \"Isolated\" is not supported"
    ),
    (
      1, ["pre_tokenizer", "pretokenizers", "1", "add_prefix_space"], "true", "\"add_prefix_space\""
    ),
    (
      1, ["pre_tokenizer", "pretokenizers", "0", "type"], "\"Metaspace\"",
      "\"Metaspace, ByteLevel\""
    ),
    (3, ["normalizer", "type"], "\"Lowercase\"", "normalizer \"Lowercase\""),
    (3, ["pre_tokenizer", "type"], "\"Whitespace\"", "pre-tokenizer \"Whitespace\""),
    (3, ["model", "unk_token"], "\"?!\"", "the token \"?!\" is missing from the vocabulary"),
    (3, ["model", "max_input_chars_per_word"], "-1", "\"max_input_chars_per_word\" is negative"),
    (3, ["added_tokens", "0", "normalized"], "true", "is matched after normalization"),
    (3, ["post_processor", "sep"], "[\"[SEP]\", 4000]", "sep is 4000"),
    (3, ["decoder", "type"], "\"ByteLevel\"", "decoder \"ByteLevel\""),
  ])
  func whatWeDoNotDoIsRefusedByName(
    _ toy: Int,
    _ path: [String],
    _ value: String,
    _ expected: String
  ) throws {
    let refusal = try refusal(toy: toy, path, value)
    #expect(refusal.hasPrefix("tokenizer.json: ") || expected == "(accepted)")
    #expect(refusal.contains(expected), "\(refusal)")
  }

  @Test func truncationAndPaddingAreIgnored() throws {
    let toy = try #require(try ToyTests.toys().first)
    let truncation = try JSON(parsing: Array("{\"max_length\": 1}".utf8), path: "value")
    let file = toy.file.replacing(["truncation"], with: truncation)
    let tokenizer = try Tokenizer(tokenizerJSON: file, config: nil, path: "tokenizer.json")
    #expect(tokenizer.encode(Array("a b".utf8), addSpecial: false).count == 3)
  }

  @Test func configurationNamesSpecialsAndChatTemplate() throws {
    let toy = try #require(try ToyTests.toys().first)
    let added = Array(
      """
      [{"id": 900, "content": "<|im_start|>", "special": true, "normalized": false},
       {"id": 901, "content": "<|im_end|>", "special": true, "normalized": false}]
      """.utf8
    )
    let file = toy.file.replacing(["added_tokens"], with: try JSON(parsing: added, path: "added"))
      .replacing(["post_processor"], with: .null)
    let config = Array(
      """
      {"bos_token": "a", "eos_token": {"content": "b"}, "pad_token": null,
       "chat_template": [{"name": "tools", "template": "?"},
        {"name": "default", "template": "{{ '<|im_start|>' + m + '<|im_end|>' }}"}]}
      """.utf8
    )
    let tokenizer = try Tokenizer(
      tokenizerJSON: file,
      config: try JSON(parsing: config, path: "config"),
      path: "toy"
    )
    #expect(tokenizer.specials.bos == tokenizer.id(of: "a"))
    #expect(tokenizer.specials.eos == [try #require(tokenizer.id(of: "b")), 901])
    #expect(tokenizer.specials.pad == nil)
    #expect(tokenizer.chatTemplate?.start == 900)
    #expect(tokenizer.chatTemplate?.defaultSystem == nil)
    #expect(tokenizer.vocabularyCount == 902)
    #expect(tokenizer.bytes(of: 899) == nil)
  }
}

extension JSON {
  /// The value with what `path` leads to replaced, or added to an object.
  func replacing(_ path: ArraySlice<String>, with value: JSON) -> JSON {
    guard let key = path.first else { return value }
    let rest = path.dropFirst()
    if case .array(var items) = self, let index = Int(key) {
      items[index] = items[index].replacing(rest, with: value)
      return .array(items)
    }
    guard case .object(var members) = self else { return self }
    if let index = members.firstIndex(where: { $0.key == Array(key.utf8) }) {
      members[index].value = members[index].value.replacing(rest, with: value)
    } else {
      members.append(Member(key: Array(key.utf8), value: value))
    }
    return .object(members)
  }
}

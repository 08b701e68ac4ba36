import Models

/// A `tokenizer.json`, then text through whatever tokenizer it makes.
///
/// An input is the file, a zero byte, and the text; a member `tokenizer_config` of the file stands for the file of that
/// name.
enum TokenizerTarget {
  static func run(_ bytes: [UInt8]) {
    let (file, text) = split(bytes)
    do throws(FormatError) {
      let json = try JSON(parsing: file, path: "fuzz")
      let again = try JSON(parsing: JSONText.bytes(json), path: "again")
      precondition(again == json, "\(json) came back as \(again)")
      let tokenizer = try Tokenizer(
        tokenizerJSON: json,
        config: json["tokenizer_config"],
        path: "fuzz"
      )
      TokenizerUse.run(tokenizer, text.isEmpty ? TokenizerUse.sample : text)
    } catch {
      ModelUse.check(error, path: "fuzz", count: file.count)
    }
  }

  static func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8]? {
    let (file, text) = split(bytes)
    guard Int.random(in: 0 ..< 3, using: &random) > 0 else {
      return file + [0] + mutatedFreely(text, bytesMax: 200)
    }
    guard let json = try? JSON(parsing: file, path: "") else { return nil }
    return JSONText.bytes(json.mutated(using: &random)) + [0] + text
  }
}

/// Text to tokens and back, whole and in pieces.
enum TokenizerUse {
  static let sample = Array("<s>hello  world's 12 É中<mask> [CLS] abcd\u{301}".utf8) + [0xFF]

  static func run(_ tokenizer: Tokenizer, _ text: [UInt8]) {
    for (addSpecial, parsesSpecial) in [(true, true), (false, false)] {
      let ids = tokenizer.encode(text, addSpecial: addSpecial, parsesSpecial: parsesSpecial)
      for id in ids { precondition(tokenizer.bytes(of: id) != nil, "the id \(id) does not exist") }
      // One size each: a text is met again in so many inputs that all are tried.
      let size = [1, 2, 3, 5, 17][(text.count + (addSpecial ? 0 : 1)) % 5]
      var stream = StreamingTokenizer(
        tokenizer,
        addSpecial: addSpecial,
        parsesSpecial: parsesSpecial
      )
      let pieces = streamed(text, in: size, through: &stream)
      precondition(pieces == ids, "in pieces of \(size): \(pieces)\nwhole: \(ids)")
      checkDecoding(tokenizer, ids)
    }
    let pair = tokenizer.encodePair(text, sample)
    precondition(pair.ids.count == pair.types.count, "\(pair)")
    if let template = tokenizer.chatTemplate { checkChat(template, tokenizer, text) }
  }

  private static func streamed(
    _ text: [UInt8],
    in size: Int,
    through stream: inout StreamingTokenizer
  ) -> [Int32] {
    var ids: [Int32] = []
    do throws(TokenizerError) {
      for start in stride(from: 0, to: text.count, by: size) {
        ids += try stream.append(Array(text[start ..< min(start + size, text.count)]))
      }
      return try ids + stream.finish()
    } catch {
      fatalError("\(text.count) bytes are no run that is too long: \(error)")
    }
  }

  private static func checkDecoding(_ tokenizer: Tokenizer, _ ids: [Int32]) {
    for skips in [true, false] {
      let odd = ids + [.min, -1, .max]
      var stream = StreamingDetokenizer(tokenizer, skipSpecial: skips)
      var pieces: [UInt8] = []
      for id in odd { pieces += stream.append(id) }
      pieces += stream.finish()
      let whole = String(decoding: tokenizer.decode(odd, skipSpecial: skips), as: UTF8.self)
      precondition(pieces == Array(whole.utf8), "\(pieces)\nwhole: \(Array(whole.utf8))")
    }
  }

  private static func checkChat(_ template: ChatTemplate, _ tokenizer: Tokenizer, _ text: [UInt8]) {
    let whole = template.encode([.init(role: "user", content: text)], with: tokenizer)
    var stream = template.streamUserMessage(system: nil, with: tokenizer)
    let pieces = streamed(text, in: 2, through: &stream)
    precondition(pieces == whole, "in pieces: \(pieces)\nwhole: \(whole)")
  }
}

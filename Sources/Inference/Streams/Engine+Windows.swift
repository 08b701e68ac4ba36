import Models

// Streams on an encoder: every verdict reads the last tokens anew.

extension Engine {
  /// Lines up windows for the tokens that came, as many as may be answered soon.
  mutating func fillWindows(of sequence: Sequence) {
    guard let stream = sequence.stream, let frame = lanes[sequence.lane].windowFrame else { return }
    let most = sequence.request.macsMax == nil ? max(1, sequence.slots) : 1
    let stride = stream.parameters.stride
    let window = stream.parameters.window ?? min(64, lanes[sequence.lane].positionsMax)
    let body = window - frame.before.count - frame.after.count
    while sequence.texts.count < most, sequence.position < sequence.tokens.count {
      let position = stream.dropped + sequence.position
      let isLast = sequence.position + 1 == sequence.tokens.count
      let isDue = (position + 1).isMultiple(of: stride) || isLast && sequence.inputClosed
      // Whether it is the stream's last is not known yet.
      guard isDue || !isLast else { break }
      sequence.position += 1
      guard isDue else {
        stream.passOver(sequence.tokens[sequence.position - 1])
        continue
      }
      let start = max(0, sequence.position - body)
      let tokens = frame.before + sequence.tokens[start ..< sequence.position] + frame.after
      let cost = lanes[sequence.lane].cost
      let dense = tokens.count * cost.row(positions: tokens.count) + cost.head
      let row = setOut(position, of: sequence, macsDense: dense)
      var text = EncoderText(
        index: position,
        tokens: tokens,
        types: [Int32](repeating: 0, count: tokens.count),
        weight: 0
      )
      text.row = row
      sequence.texts.append(text)
      if sequence.enqueued == nil { sequence.enqueued = clock() }
    }
    // What no later window reads is forgotten.
    let unread = sequence.position - body
    guard unread >= 4 * body else { return }
    sequence.tokens.removeFirst(unread)
    sequence.position -= unread
    stream.dropped += unread
  }
}

/// What stands around the tokens of a window.
struct WindowFrame {
  let before: [Int32]
  let after: [Int32]

  /// Reads it off an empty text: special tokens before, and the last of them behind.
  init(_ tokenizer: Tokenizer) {
    let special = tokenizer.gap == nil ? tokenizer.encode([], addSpecial: true) : []
    before = special.count > 1 ? Array(special.dropLast()) : special
    after = special.count > 1 ? Array(special.suffix(1)) : []
  }
}

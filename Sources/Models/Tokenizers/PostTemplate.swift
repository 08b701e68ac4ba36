/// Which special tokens surround a text, or a pair of texts.
struct PostTemplate: Sendable, Equatable {
  /// One place of the template, with the segment number it gives its tokens.
  enum Piece: Sendable, Equatable {
    case token(Int32, type: Int32)
    case first(type: Int32)
    case second(type: Int32)
  }

  var single: [Piece] = [.first(type: 0)]
  var pair: [Piece] = [.first(type: 0), .second(type: 1)]

  /// `prefix` and `suffix` around a single text, as byte-level models have it.
  init(prefix: [Int32] = [], suffix: [Int32] = []) {
    let before = prefix.map { Piece.token($0, type: 0) }
    let after = suffix.map { Piece.token($0, type: 0) }
    single = before + [.first(type: 0)] + after
    pair =
      single + prefix.map { .token($0, type: 1) } + [.second(type: 1)]
      + suffix.map { .token($0, type: 1) }
  }

  /// `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`.
  init(cls: Int32, sep: Int32) {
    single = [.token(cls, type: 0), .first(type: 0), .token(sep, type: 0)]
    pair = single + [.second(type: 1), .token(sep, type: 1)]
  }

  /// `<s> A </s>` and `<s> A </s></s> B </s>`, all of one segment.
  init(bos: Int32, eos: Int32) {
    let end = Piece.token(eos, type: 0)
    single = [.token(bos, type: 0), .first(type: 0), end]
    pair = single + [end, .second(type: 0), end]
  }

  init(single: [Piece], pair: [Piece]) {
    self.single = single
    self.pair = pair
  }

  /// The ids before a single text.
  var prefix: [Int32] { Self.ids(of: single.prefix { !$0.isFirst }) }

  /// The ids after a single text.
  var suffix: [Int32] { Self.ids(of: single.drop { !$0.isFirst }) }

  private static func ids(of pieces: some Sequence<Piece>) -> [Int32] {
    pieces.compactMap { piece in
      guard case .token(let id, _) = piece else { return nil }
      return id
    }
  }
}

extension PostTemplate.Piece {
  fileprivate var isFirst: Bool {
    guard case .first = self else { return false }
    return true
  }
}

internal import Models

extension LearningReport {
  /// A text, and how it was answered.
  public struct Example: Sendable, Equatable {
    /// The text; a long one is cut where it is shown.
    public var text: String
    /// What it is.
    public var label: String
    /// What it was said to be.
    public var answer: String
    /// Where it left and how sure that was: `layer 2, 98 % sure`.
    public var note: String

    /// Shows how `text` was answered.
    public init(text: String, label: String, answer: String, note: String = "") {
      (self.text, self.label, self.answer, self.note) = (text, label, answer, note)
    }

    /// Characters of a text that are shown.
    static let charactersMax = 280

    /// The text, cut if it is long; a character may be made of any number of scalars, so they are counted as well.
    var shown: String {
      let own = text.prefix(Self.charactersMax)
      let scalars = own.unicodeScalars.prefix(4 * Self.charactersMax)
      let isCut = own.endIndex < text.endIndex || scalars.endIndex < own.endIndex
      guard isCut else { return text }
      let cut = String(String.UnicodeScalarView(scalars))
      // Not within a word, unless there are none: some scripts have no spaces.
      let words = cut.lastIndex(of: " ").map { cut[..<$0] } ?? cut[...]
      return (words.count * 2 > cut.count ? String(words) : cut) + " …"
    }

    var html: String {
      let isRight = answer == label
      func named(_ text: String) -> String { "<b><bdi>\(HTML.escaped(text))</bdi></b>" }
      let verdict =
        isRight
        ? "<span class=\"right\">✓</span> \(named(answer))"
        : "<span class=\"wrong\">✗</span> \(named(answer)), but it is \(named(label))"
      let place = note.isEmpty ? "" : "<span class=\"soft\">\(HTML.escaped(note))</span>"
      // Texts may run from right to left, or contain marks that turn what follows.
      return
        "<li><blockquote dir=\"auto\">\(HTML.escaped(shown))</blockquote><p><span>\(verdict)</span>\(place)</p></li>"
    }

    var json: JSON {
      .object([
        .init("text", JSON.text(shown)), .init("label", JSON.text(label)),
        .init("answer", JSON.text(answer)), .init("note", JSON.text(note)),
      ])
    }
  }
}

/// A text, perhaps a second one, and what is known of its labels.
public struct Example: Sendable, Equatable {
  /// The text, never blank.
  public var text: String
  /// The second text of a pair, never blank.
  public var pair: String?
  /// The labels by name, in the file's order and each once; empty if it is known that there are none, nil if nothing is
  /// known.
  public var labels: [String]?
  /// The line of its file on which it begins, counted from 1; 0 if it comes from no file.
  public var line: Int

  /// An example with the labels that are known of it.
  public init(text: String, pair: String? = nil, labels: [String]? = nil, line: Int = 0) {
    self.text = text
    self.pair = pair
    self.labels = labels
    self.line = line
  }
}

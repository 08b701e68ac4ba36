/// How a stream ended.
public struct End: Sendable, Equatable {
  /// One of the seventeen codes.
  public var status: Status
  /// The detail word; a newer server may send one that `Detail` does not list.
  public var detail: String
  /// The reason for a person; at most 1,024 bytes.
  public var text: String
  /// What the server adds, such as `finish`.
  public var metadata: Metadata

  /// Ends a stream with one of the protocol's details and the status that belongs to it.
  ///
  /// - Parameters:
  ///   - detail: why it ended.
  ///   - text: the reason for a person; cut at 1,024 bytes.
  ///   - metadata: what to add.
  public init(_ detail: Detail, text: String = "", metadata: Metadata = Metadata()) {
    status = detail.status
    self.detail = detail.rawValue
    self.text = clipped(text, bytesMax: textBytesMax)
    self.metadata = metadata
  }

  init(reading status: Status, _ detail: String, _ text: String, _ metadata: Metadata) {
    self.status = status
    self.detail = detail
    self.text = text
    self.metadata = metadata
  }

  /// The detail as this version knows it, nil for one that it does not.
  public var knownDetail: Detail? { Detail(rawValue: detail) }
}

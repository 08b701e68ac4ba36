/// Finds the next row of a file in bytes, as RFC 4180 has it, or a line.
///
/// Rows end with LF or CRLF. Where fields are quoted, a field that begins with a quote goes on to the next single quote, line
/// breaks included, and two quotes are one; a quote further inside a field is a character like any other.
struct RowScanner: Sendable {
  /// Between fields; nil takes a line as one field.
  let delimiter: UInt8?
  let isQuoted: Bool

  enum Scan: Equatable {
    /// A row, and the bytes that it takes with its line break.
    case row(fields: [[UInt8]], count: Int)
    /// A row that cannot be used, and the bytes to pass over.
    case bad(SkipReason, count: Int)
    /// The row goes on behind `bytes`.
    case unfinished(inQuotes: Bool)
  }

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  /// Looks at the row that begins at `start`, which is before the end of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: a part of the file.
  ///   - start: where the row begins.
  ///   - isEnd: whether the file ends with `bytes`; then the scan is never `unfinished`.
  /// - Returns: what is there.
  /// - Complexity: O(bytes of the row).
  func scan(_ bytes: [UInt8], from start: Int, isEnd: Bool) -> Scan {
    var fields: [[UInt8]] = []
    var index = start
    while true {
      var field: [UInt8] = []
      if isQuoted, index < bytes.count, bytes[index] == Self.quote {
        switch quotedField(bytes, from: index + 1, into: &field) {
        case .closed(let next): index = next
        case .open:
          guard isEnd else { return .unfinished(inQuotes: true) }
          return bad(.openQuote, start, bytes, behind: start, isEnd)
        }
        let behind = index
        while index < bytes.count, !isEndOfField(bytes[index]) { index += 1 }
        let stray = bytes[behind ..< index]
        guard isEnd || index < bytes.count else { return .unfinished(inQuotes: false) }
        let isLineBreak = index == bytes.count || bytes[index] == Self.lineFeed
        guard stray.isEmpty || isLineBreak && stray.elementsEqual([Self.carriageReturn]) else {
          return bad(.strayQuote, start, bytes, behind: index, isEnd)
        }
      } else {
        let begin = index
        while index < bytes.count, !isEndOfField(bytes[index]) { index += 1 }
        guard isEnd || index < bytes.count else { return .unfinished(inQuotes: false) }
        let isLineBreak = index == bytes.count || bytes[index] == Self.lineFeed
        var end = index
        if isLineBreak, end > begin, bytes[end - 1] == Self.carriageReturn { end -= 1 }
        field = Array(bytes[begin ..< end])
      }
      fields.append(field)
      guard index < bytes.count, bytes[index] != Self.lineFeed else {
        return .row(fields: fields, count: min(index + 1, bytes.count) - start)
      }
      index += 1
      // A table of a thousand columns has been refused: what goes on has lost its line breaks.
      guard fields.count <= LabelledLimits.columnsMax else {
        return bad(.fieldCount, start, bytes, behind: index, isEnd)
      }
    }
  }

  private enum Quoted {
    /// Where the bytes behind the closing quote begin.
    case closed(next: Int)
    case open
  }

  /// Reads a field from behind its opening quote; a quote that ends `bytes` may be the first of two, which
  /// `scan` finds out by looking behind it.
  private func quotedField(_ bytes: [UInt8], from start: Int, into field: inout [UInt8]) -> Quoted {
    var begin = start
    while true {
      var index = begin
      while index < bytes.count, bytes[index] != Self.quote { index += 1 }
      guard index < bytes.count else { return .open }
      field.append(contentsOf: bytes[begin ..< index])
      guard index + 1 < bytes.count, bytes[index + 1] == Self.quote else {
        return .closed(next: index + 1)
      }
      field.append(Self.quote)
      begin = index + 2
    }
  }

  private func isEndOfField(_ byte: UInt8) -> Bool {
    byte == Self.lineFeed || byte == delimiter
  }

  /// Gives up the row at `start`: reading goes on behind the next line feed at or behind `place`.
  private func bad(
    _ reason: SkipReason,
    _ start: Int,
    _ bytes: [UInt8],
    behind place: Int,
    _ isEnd: Bool
  ) -> Scan {
    if let end = bytes[place...].firstIndex(of: Self.lineFeed) {
      return .bad(reason, count: end + 1 - start)
    }
    return isEnd ? .bad(reason, count: bytes.count - start) : .unfinished(inQuotes: false)
  }
}

/// Composes text (NFC) that comes in pieces: what may still change with the next scalar is held back.
struct StreamingComposer: Sendable {
  /// The last scalar that begins a normal form, and what may join it.
  private var held: [UInt32] = []
  private let composition = Composition.shared

  init() {}

  /// Bytes of the text that may still change; each held scalar counts as four.
  var heldBytes: Int { held.count * 4 }

  /// Takes whole scalars, and appends what is certain now.
  ///
  /// - Parameters:
  ///   - bytes: valid UTF-8.
  ///   - heldBytesMax: what `heldBytes` may reach.
  ///   - output: gets normal text, UTF-8.
  /// - Throws: `TokenizerError` when more is held back.
  mutating func append(
    _ bytes: ArraySlice<UInt8>,
    heldBytesMax: Int,
    to output: inout [UInt8]
  ) throws(TokenizerError) {
    let bytes = Array(bytes)
    var index = 0
    while index < bytes.count {
      let next = scalar(in: bytes, at: index)
      index += next.length
      if composition.isBoundary(before: next.value) { finish(to: &output) }
      held.append(next.value)
      if heldBytes > heldBytesMax { throw .runTooLong(heldBytesMax) }
    }
  }

  /// Appends what was held back: the text ends here.
  mutating func finish(to output: inout [UInt8]) {
    for value in composition.composed(held) { Models.append(value, to: &output) }
    held.removeAll(keepingCapacity: true)
  }
}

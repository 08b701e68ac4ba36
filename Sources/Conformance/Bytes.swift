import Wire

// Frames that no honest client would write.

/// A body behind its length prefix.
func framed(body: [UInt8]) -> [UInt8] { prefix(body.count) + body }

/// The four bytes of a length.
func prefix(_ length: Int) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
}

/// Any value where a frame should be.
func framed(_ value: Value) -> [UInt8] { framed(body: value.encoded) }

/// `[kind, stream, …]` with whatever follows, in MessagePack of the case's own making.
func framed(_ kind: UInt8, _ stream: UInt8, count: UInt8, _ rest: [UInt8]) -> [UInt8] {
  framed(body: [0x90 | count, kind, stream] + rest)
}

/// A string as MessagePack writes it, for up to 31 bytes.
func packed(_ text: String) -> [UInt8] { [0xA0 | UInt8(text.utf8.count)] + Array(text.utf8) }

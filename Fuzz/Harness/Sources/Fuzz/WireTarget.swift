import Wire

/// The protocol: both conversations under owners that do whatever the input says, and frames alone.
///
/// An input is two bytes that count the decisions, the decisions, and the bytes that the peer sends.
enum WireTarget {
  /// An input's parts.
  struct Input {
    var decisions: ArraySlice<UInt8>
    var wire: ArraySlice<UInt8>

    /// More only repeat what these have done, and every one is followed by a look at all the books.
    static let decisionsMax = 96

    init(_ bytes: [UInt8]) {
      let claimed = min(bytes.prefix(2).reduce(0) { $0 << 8 | Int($1) }, Self.decisionsMax)
      let rest = bytes.dropFirst(2)
      decisions = rest.prefix(claimed)
      wire = rest.dropFirst(claimed)
    }

    var bytes: [UInt8] {
      let count = min(decisions.count, Self.decisionsMax)
      return [0, UInt8(count)] + decisions.prefix(count) + wire
    }
  }

  static func run(_ bytes: [UInt8]) {
    let input = Input(bytes)
    var decisions = Decisions(input.decisions)
    let choice = decisions.next()
    let limits = limits(&decisions)
    // Half the inputs are greeted for, so that a broken HELLO does not end them all.
    let isGreeted = choice & 0x80 != 0
    let wire = isGreeted ? hello[...] + input.wire : input.wire
    switch choice & 7 {
    case 0, 1, 2:
      var run = ServerRun(wire, decisions, limits)
      run.finish()
    case 3, 4, 5:
      var run = ClientRun(wire, decisions, limits)
      run.finish()
    case 6: CutComparison.run(wire, limits)
    default: FrameRoundTrip.run(input.wire, limits)
    }
  }

  private static let hello = Frame.hello(Hello(software: "fuzz")).encoded

  /// The defaults, or limits so tight that every one of them is reached.
  private static func limits(_ decisions: inout Decisions) -> Limits {
    var limits = Limits()
    let choice = decisions.next()
    if choice & 1 != 0 { limits.streamsMax = 2 }
    if choice & 2 != 0 { (limits.streamCredit, limits.connectionCredit) = (100, 300) }
    if choice & 4 != 0 { (limits.pingsMax, limits.pingStrikesMax, limits.resetsMax) = (2, 1, 2) }
    if choice & 8 != 0 { (limits.controlBytesMax, limits.outputBytesMax) = (1_500, 400) }
    if choice & 16 != 0 { (limits.keepalive, limits.age) = (.seconds(1), .seconds(7)) }
    if choice & 32 != 0 { (limits.idle, limits.hello) = (.seconds(2), .seconds(1)) }
    if choice & 64 != 0 { (limits.metadataBytesMax, limits.metadataCountMax) = (40, 2) }
    if choice & 128 != 0 { (limits.frameBytesMax, limits.itemsMax) = (16_384, 4_096) }
    return limits
  }
}

/// How many bytes come at once.
let cuts = [1, 2, 3, 4, 5, 6, 7, 9, 16, 31, 64, 129, 256, 1_024, 8_192, .max]

/// How many milliseconds pass.
let pauses = [0, 1, 10, 100, 500, 999, 1_000, 1_001, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000]

/// A message of about `size` bytes.
func message(_ size: Int) -> Value {
  size < 8
    ? [.nil, .bool(true), .int(-7), .uint(.max), .float(.nan), .double(0.5), "text", [[]]][size]
    : .binary([UInt8](repeating: 7, count: size * size))
}

/// Reads what a conversation wrote, which is whole frames always.
struct OutputReader {
  private var reader = FrameReader(frameBytesMax: 1 << 30)

  mutating func frames(in output: [UInt8]) -> [Frame] {
    var rest = output[...]
    var frames: [Frame] = []
    do throws(WireError) {
      while let body = try reader.next(from: &rest) { frames.append(try Frame(decoding: body)) }
    } catch {
      fatalError("wrote a frame that cannot be read: \(error)")
    }
    precondition(reader.waitingCount == 0, "wrote half a frame")
    return frames
  }
}

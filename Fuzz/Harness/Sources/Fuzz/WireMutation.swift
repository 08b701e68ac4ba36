/// Changes whole frames, or the inside of one, and keeps the lengths true.
enum WireMutation {
  static func mutated(_ bytes: [UInt8], bytesMax: Int, using random: inout SplitMix64) -> [UInt8]? {
    var input = WireTarget.Input(bytes)
    guard Int.random(in: 0 ..< 4, using: &random) > 0 else {
      input.decisions = mutatedFreely(input.decisions, bytesMax: 64)[...]
      return input.bytes
    }
    var frames = frames(of: input.wire)
    guard let place = frames.indices.randomElement(using: &random) else { return nil }
    switch Int.random(in: 0 ..< 10, using: &random) {
    case 0: frames.remove(at: place)
    case 1, 2: frames.insert(frames[place], at: frames.indices.randomElement(using: &random) ?? 0)
    case 3: frames.swapAt(place, frames.indices.randomElement(using: &random) ?? place)
    case 4: retarget(&frames[place], using: &random)
    default: frames[place] = mutatedFreely(frames[place], bytesMax: frames[place].count + 64)
    }
    input.wire =
      frames.flatMap { frame in
        (0 ..< 4).map { UInt8(truncatingIfNeeded: frame.count >> (24 - 8 * $0)) } + frame
      }[...]
    return input.bytes.count <= bytesMax ? input.bytes : nil
  }

  /// The bodies of the frames; what is left after the last is one more.
  private static func frames(of wire: ArraySlice<UInt8>) -> [[UInt8]] {
    var rest = wire
    var frames: [[UInt8]] = []
    while rest.count >= 4 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      frames.append(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4).dropFirst(length)
    }
    return frames
  }

  /// Another kind or another stream, where both are written in one byte.
  private static func retarget(_ frame: inout [UInt8], using random: inout SplitMix64) {
    guard frame.count > 2 else { return }
    let place = Int.random(in: 1 ... 2, using: &random)
    frame[place] = UInt8.random(in: 0 ... 10, using: &random)
  }
}

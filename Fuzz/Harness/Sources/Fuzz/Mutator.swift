import CFuzzer

/// libFuzzer asks here for every new input: half of them keep their form, the others are its own.
@_cdecl("LLVMFuzzerCustomMutator")
func mutate(
  _ start: UnsafeMutablePointer<UInt8>,
  _ size: Int,
  _ sizeMax: Int,
  _ seed: UInt32
) -> Int {
  var random = SplitMix64(seed: UInt64(seed))
  if Bool.random(using: &random),
    let bytes = Target.chosen?.mutated(
      [UInt8](UnsafeBufferPointer(start: start, count: size)),
      bytesMax: sizeMax,
      using: &random
    ), !bytes.isEmpty, bytes.count <= sizeMax
  {
    start.update(from: bytes, count: bytes.count)
    return bytes.count
  }
  return LLVMFuzzerMutate(start, size, sizeMax)
}

/// `part` as libFuzzer would change it, at most `bytesMax` long.
func mutatedFreely(_ part: some Collection<UInt8>, bytesMax: Int) -> [UInt8] {
  let room = max(part.count, bytesMax)
  guard room > 0 else { return [] }
  return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
    _ = buffer.update(fromContentsOf: part)
    count = buffer.baseAddress.map { LLVMFuzzerMutate($0, part.count, room) } ?? 0
  }
}

/// A seeded generator: an input's mutation depends on libFuzzer's seed alone.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

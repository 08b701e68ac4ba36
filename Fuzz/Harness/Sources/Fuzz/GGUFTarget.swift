import Models

/// One GGUF file: its head, its tensors, its vocabulary, and the model that it may be.
enum GGUFTarget {
  private static let file = ScratchFile()

  static func run(_ bytes: [UInt8]) {
    file.write(bytes)
    do throws(FormatError) {
      let gguf = try GGUF(path: file.path)
      ModelUse.decode(gguf.tensors)
      _ = try gguf.vocabulary()
      ModelUse.run(try Checkpoint.open(path: file.path))
    } catch {
      ModelUse.check(error, path: file.path, count: bytes.count)
    }
  }
}

/// Lies about one of the numbers that a GGUF file is full of.
enum GGUFMutation {
  static func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8]? {
    guard bytes.count > 32 else { return nil }
    var bytes = bytes
    // Most numbers stand in the head; the tensor data behind it means nothing.
    let end = Bool.random(using: &random) ? bytes.count : min(bytes.count, 1_024)
    let place = Int.random(in: 4 ..< end - 8, using: &random)
    let lies: [UInt64] = [
      0, 1, 2, 7, 8, 12, 31, 32, 33, 255, 65_535, 1 << 20, 1 << 31, 1 << 32, 1 << 40, 1 << 63, .max,
    ]
    let width = [1, 4, 8].randomElement(using: &random) ?? 4
    let old = (0 ..< width).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << (8 * $1) }
    let new: UInt64
    switch Int.random(in: 0 ..< 3, using: &random) {
    case 0: new = old &+ 1
    case 1: new = old &- 1
    default: new = lies.randomElement(using: &random) ?? 0
    }
    for index in 0 ..< width {
      bytes[place + index] = UInt8(truncatingIfNeeded: new >> (8 * index))
    }
    return bytes
  }
}

import Support
import Testing
import Wire

struct FrameReaderTests {
  @Test(arguments: 0 ..< 100)
  func chunkingIsInvisible(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let written = randomFrames(using: &generator).shuffled(using: &generator)
    var reader = FrameReader(frameBytesMax: 10_000)
    var read: [Frame] = []
    for piece in pieces(of: written.flatMap(\.encoded), using: &generator) {
      var rest = piece[...]
      while let body = try reader.next(from: &rest) { read.append(try Frame(decoding: body)) }
      #expect(rest.isEmpty)
      #expect(reader.waitingCount <= 10_004)
    }
    #expect(read == written)
    #expect(reader.waitingCount == 0)
  }

  @Test(arguments: ["00000000", "00004001", "ffffffff"])
  func aLengthIsRefusedBeforeTheBodyComes(digits: String) throws {
    var reader = FrameReader(frameBytesMax: 16_384)
    for byte in hex(digits).dropLast() {
      var rest = [byte][...]
      #expect(try reader.next(from: &rest) == nil)
    }
    var last = hex(digits).suffix(1)
    let error = #expect(throws: WireError.self) { try reader.next(from: &last) }
    #expect(error?.detail == .frameTooLarge)
  }

  @Test func theLongestFrameIsTaken() throws {
    var reader = FrameReader(frameBytesMax: 16_384)
    var rest = (hex("00004000") + Array(repeating: 7, count: 16_384))[...]
    #expect(try reader.next(from: &rest)?.count == 16_384)
  }
}

import Support
import Testing

@testable import Models

struct UTF8RepairTests {
  @Test(arguments: 0 ..< 300) func anyBytesBecomeWhatUnicodeRecommends(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    // Bytes that begin, continue and end characters, and some that never can.
    let menu: [UInt8] = [
      0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0,
      0xF1,
      0xF4, 0xF5, 0xFF,
    ]
    let bytes = (0 ..< 60).map { _ in menu[Int.random(in: 0 ..< menu.count, using: &random)] }
    let expected = Array(String(decoding: bytes, as: UTF8.self).utf8)
    #expect(UTF8Repair.repaired(bytes) == expected)
    var repair = UTF8Repair()
    var output: [UInt8] = []
    for byte in bytes {
      repair.append([byte], to: &output)
      #expect(String(validating: output, as: UTF8.self) != nil)
      #expect(repair.held.count <= 3)
    }
    repair.finish(to: &output)
    #expect(output == expected)
  }

  /// As Python's `bytes.decode("utf-8", errors="replace")` gives them.
  @Test(arguments: [
    ([0xE2, 0x82, 0x41] as [UInt8], 1), ([0xF0, 0x9F, 0x98, 0x41], 1), ([0xC0, 0xAF, 0x41], 2),
    ([0xED, 0xA0, 0x80, 0x41], 3), ([0xF4, 0x90, 0x80, 0x80, 0x41], 4), ([0xF5, 0x41], 1),
  ])
  func everyMaximalPartIsOneReplacement(_ bytes: [UInt8], _ count: Int) {
    let expected = String(repeating: "\u{FFFD}", count: count) + "A"
    #expect(UTF8Repair.repaired(bytes) == Array(expected.utf8))
  }
}

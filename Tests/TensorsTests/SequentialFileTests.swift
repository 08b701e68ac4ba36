import Support
import Testing

@testable import Tensors

/// Files read from beginning to end.
struct SequentialFileTests {
  @Test func piecesAreTheWholeFile() throws {
    let folder = try TemporaryFolder()
    let bytes = (0 ..< 1_000).map { UInt8(truncatingIfNeeded: $0) }
    let file = try SequentialFile(path: try folder.write(bytes, to: "a"))
    var read: [UInt8] = [7]
    var counts: [Int] = []
    while case let count = try file.read(onto: &read, upTo: 300), count > 0 { counts.append(count) }
    #expect(read == [7] + bytes && counts == [300, 300, 300, 100])
    #expect(try file.read(onto: &read, upTo: 1) == 0 && read.count == 1_001)
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let nothing = #expect(throws: TensorsError.self) {
      try SequentialFile(path: "\(folder.path)/nothing")
    }
    #expect(nothing?.isMissing == true)
    let inner = #expect(throws: TensorsError.self) { try SequentialFile(path: folder.path) }
    #expect(inner?.reason == "cannot be opened (Is a directory)")
  }
}

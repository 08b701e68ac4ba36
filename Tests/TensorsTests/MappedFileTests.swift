import Support
import Testing

@testable import Tensors

/// Files are mapped whole, or refused with a reason.
struct MappedFileTests {
  @Test func readsWhatIsThere() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3, 4, 5, 6, 7, 8, 9], to: "nine")
    let file = try MappedFile(path: path)
    #expect(file.count == 9)
    #expect(file.bytes(2 ..< 5) == [3, 4, 5])
    #expect(file.bytes(9 ..< 9) == [])
    #expect(file.integer(UInt32.self, at: 1) == 0x0504_0302)
    #expect(file.integer(Int64.self, at: 1) == 0x0908_0706_0504_0302)
    #expect(file.withBytes(7 ..< 9) { $0[0] &+ $0[1] } == 17)
    #expect(file.floats(.bf16, at: 1, count: 2).map(\.bitPattern) == [0x0302_0000, 0x0504_0000])
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: TensorsError.self) {
      try MappedFile(path: "\(folder.path)/none")
    }
    #expect(missing?.isMissing == true)
    #expect(missing?.description.contains("\(folder.path)/none: cannot be opened") == true)
    let directory = #expect(throws: TensorsError.self) { try MappedFile(path: folder.path) }
    #expect(directory?.code == .notAFile)
    let empty = try folder.write([], to: "empty")
    #expect(throws: TensorsError(code: .empty, path: empty)) { try MappedFile(path: empty) }
  }
}

import Foundation
import Models
import Support
import Testing

/// A file appears whole or not at all, and takes nobody's place.
struct WholeFileTests {
  private let folder: TemporaryFolder
  private var target: String { "\(folder.path)/file" }
  private var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
  }

  init() throws { folder = try TemporaryFolder() }

  @Test func whatIsFilledAppears() throws {
    try WholeFile.write(to: target) { path throws(FormatError) in
      try KindOfFolder.write([1, 2], to: path)
      #expect(!FileManager.default.fileExists(atPath: target), "not before it is whole")
    }
    #expect(Fixtures.bytes(target) == [1, 2])
    #expect(try files == ["file"])
  }

  @Test func whatFailsLeavesNothingAndBlamesTheTarget() throws {
    let error = #expect(throws: FormatError.self) {
      try WholeFile.write(to: target) { path throws(FormatError) in
        try KindOfFolder.write([1, 2], to: path)
        throw FormatError(path: path, reason: "the disk is full")
      }
    }
    #expect(error == FormatError(path: target, reason: "the disk is full"))
    #expect(try files.isEmpty)
  }

  @Test func whatAppearsMeanwhileStays() throws {
    let error = #expect(throws: FormatError.self) {
      try WholeFile.write(to: target) { path throws(FormatError) in
        try KindOfFolder.write([1, 2], to: path)
        try KindOfFolder.write([3], to: target)
      }
    }
    #expect(error == FormatError(path: target, reason: "is there already (File exists)"))
    #expect(Fixtures.bytes(target) == [3])
    #expect(try files == ["file"])
    #expect(throws: FormatError.self) {
      try WholeFile.write(to: target) { _ in Issue.record("nothing is done for it") }
    }
  }

  /// A process that was killed may have had the same id, as in a container.
  @Test func whatWasLeftBesideMakesWay() throws {
    var beside = ""
    try WholeFile.write(to: "\(folder.path)/other") { path throws(FormatError) in
      try KindOfFolder.write([1], to: path)
      beside = path.replacing("/other", with: "/file")
    }
    try KindOfFolder.write([9], to: beside)
    try WholeFile.write(to: target) { path throws(FormatError) in
      try KindOfFolder.write([2], to: path)
    }
    #expect(Fixtures.bytes(target) == [2])
    #expect(try Set(files) == ["file", "other"])
  }
}

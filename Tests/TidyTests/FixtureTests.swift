import Foundation
import Support
import Testing

/// Everything committed for tests says where it came from, and decisions are numbered in a row.
struct FixtureTests {
  @Test func everyFixtureIsInItsManifest() throws {
    let manifests = Repository.files(below: "Tests/Fixtures", suffix: "MANIFEST.json")
    #expect(!manifests.isEmpty)
    let listed = try manifests.map { path in
      let data = Data(Repository.text(path).utf8)
      let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      let files = try #require(root["files"] as? [String: Any], "\(path) has no \"files\"")
      let folder = path.dropLast("MANIFEST.json".count)
      return files.keys.map { "\(folder)\($0)" }
    }.joined()
    let present = Repository.files(below: "Tests/Fixtures", suffix: "").filter { path in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: "\(Repository.root)/\(path)",
        isDirectory: &isFolder
      )
      return !isFolder.boolValue && !path.hasSuffix("MANIFEST.json")
    }
    let missing = Set(present).symmetricDifference(listed)
    #expect(missing.isEmpty, "in a folder or in a manifest, not in both: \(missing.sorted())")
  }

  @Test func decisionsAreNumberedInARow() {
    let numbers = Repository.files(below: "docs/decisions", suffix: ".md")
      .compactMap { Int($0.split(separator: "/")[2].prefix(4)) }
    #expect(numbers == Array(1 ..< numbers.count + 1))
    #expect(!numbers.isEmpty)
  }
}

import Support
import Testing

@testable import Models

/// The digest is that of FIPS 180-4, however the bytes arrive.
struct SHA256Tests {
  private func digest(_ pieces: [[UInt8]]) -> String {
    var hash = SHA256()
    for piece in pieces { hash.update(piece.span) }
    return hash.finish()
  }

  @Test func knownDigests() {
    #expect(
      digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    #expect(
      digest([Array("abc".utf8)])
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    #expect(
      digest([Array(long.utf8)])
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    )
  }

  @Test(arguments: 0 ..< 40)
  func chunkingIsInvisible(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var rest = (0 ..< Int.random(in: 0 ... 400, using: &random)).map { _ in
      UInt8.random(in: 0 ... 255, using: &random)
    }
    let whole = digest([rest])
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let count = Int.random(in: 0 ... rest.count, using: &random)
      pieces.append(Array(rest.prefix(count)))
      rest.removeFirst(count)
    }
    #expect(digest(pieces) == whole)
  }

  @Test func everyFixtureIsTheOneOfTheManifest() throws {
    for folder in ["models", "tokenizers", "golden/tiny", "golden/real", "golden/training"] {
      let path = Fixtures.path("\(folder)/MANIFEST.json")
      let manifest = try JSON(parsing: Fixtures.bytes(path), path: path)
      let files = try #require(manifest["files"]?.members)
      #expect(!files.isEmpty)
      for file in files {
        let name = String(decoding: file.key, as: UTF8.self)
        let bytes = Fixtures.bytes(Fixtures.path("\(folder)/\(name)"))
        #expect(digest([bytes]) == file.value.text, "\(folder)/\(name)")
      }
    }
  }
}

import Support
import Testing

/// What the repository carries of learned models stays small.
struct PacksTests {
  @Test func packsAreSmall() {
    let files = Repository.files(below: "packs", suffix: "")
    let sizes = files.map { Fixtures.bytes("\(Repository.root)/\($0)").count }
    #expect(files.contains { $0.hasSuffix(".pack") })
    for (file, size) in zip(files, sizes) { #expect(size <= 12_000_000, "\(file)") }
    #expect(sizes.reduce(0, +) <= 30_000_000, "\(sizes.reduce(0, +)) bytes in packs")
  }
}

import Foundation
import Support
import Testing

@testable import Models

/// The reference library's ids on odd lines; Benchmarks/oracles/tokenizers_oracle.py wrote them.
@Suite(.enabled(if: RealTokenizers.areCached, "needs the model cache: make demo"))
struct OracleTests {
  static let golden = Fixtures.path("tokenizers/oracle.jsonl")
  /// The large file, where it has been made: `METE_ORACLE_DIR`, or `.cache/oracle`.
  static let large: String? = {
    let folder =
      ProcessInfo.processInfo.environment["METE_ORACLE_DIR"] ?? Repository.root + "/.cache/oracle"
    let path = folder + "/tokenizers-oracle.jsonl"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  @Test func goldenLinesHaveTheReferenceIDs() throws {
    try compare(Self.golden, linesMin: 1_900)
  }

  @Test(.enabled(if: large != nil, "needs the oracle: make oracle"))
  func twentyThousandLinesHaveTheReferenceIDs() throws {
    try compare(try #require(Self.large), linesMin: 20_000)
  }

  private func compare(_ path: String, linesMin: Int) throws {
    let smolLM2 = try RealTokenizers.smolLM2.get()
    let miniLM = try RealTokenizers.miniLM.get()
    let lines = try OracleLine.read(path)
    #expect(lines.count >= linesMin)
    var differences: [String: Int] = [:]
    func check(_ isSame: Bool, _ what: String, _ index: Int) {
      if isSame { return }
      differences[what, default: 0] += 1
      if differences[what, default: 0] <= 5 { Issue.record("\(what) differ on line \(index)") }
    }
    for (index, line) in lines.enumerated() {
      let smol = smolLM2.encode(line.bytes, addSpecial: true)
      check(smol == line.smolLM2, "SmolLM2 ids", index)
      let plain = smolLM2.encode(line.bytes, addSpecial: true, parsesSpecial: false)
      check(plain == line.plain, "plain SmolLM2 ids", index)
      let mini = miniLM.encode(line.bytes, addSpecial: true)
      check(mini == line.miniLM, "MiniLM ids", index)
      if let pair = line.pair {
        let ours = miniLM.encodePair(line.bytes, lines[index + 1].bytes)
        check(ours == pair, "MiniLM pairs", index)
      }
      let smolText = UTF8Repair.repaired(smolLM2.decode(line.smolLM2, skipSpecial: false))
      check(OracleLine.hash(smolText) == line.decoded[0], "SmolLM2 texts", index)
      let miniText = UTF8Repair.repaired(miniLM.decode(line.miniLM, skipSpecial: true))
      check(OracleLine.hash(miniText) == line.decoded[1], "MiniLM texts", index)
    }
    #expect(differences.isEmpty, "\(differences) of \(lines.count) lines")
    print("\(lines.count) lines compared, differences: \(differences)")
  }
}

/// One line of the oracle's file.
struct OracleLine {
  var bytes: [UInt8]
  var smolLM2: [Int32]
  var plain: [Int32]
  var miniLM: [Int32]
  var pair: EncodedPair?
  /// The low half of FNV-1a 64, in hexadecimal.
  var decoded: [String]

  /// The committed lines, read once.
  static let golden = Result { () throws -> [OracleLine] in try read(OracleTests.golden) }

  static func read(_ path: String) throws -> [OracleLine] {
    let lines = try RealTokenizers.bytes(path).split(separator: 0x0A)
    var result: [OracleLine] = []
    for line in lines.dropFirst() {
      result.append(try OracleLine(JSON(parsing: Array(line), path: path)))
    }
    // A pair is with the next line, which a cut file may not have.
    if let last = result.indices.last { result[last].pair = nil }
    return result
  }

  private init(_ json: JSON) throws {
    func ids(_ key: String) -> [Int32]? {
      json[key]?.items?.compactMap { $0.integer.map { Int32($0) } }
    }
    let encoded = try #require(json["b"]?.text)
    bytes = [UInt8](try #require(Data(base64Encoded: encoded)))
    smolLM2 = try #require(ids("s"))
    plain = ids("p") ?? smolLM2
    miniLM = try #require(ids("m"))
    decoded = try #require(json["d"]?.items).compactMap(\.text)
    if let pairIDs = ids("x"), let first = json["t"]?.integer {
      pair = EncodedPair(
        ids: pairIDs,
        types: Array(repeating: 0, count: first)
          + Array(repeating: 1, count: pairIDs.count - first)
      )
    }
  }

  static func hash(_ bytes: [UInt8]) -> String {
    let value = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    let digits = String(value & 0xFFFF_FFFF, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

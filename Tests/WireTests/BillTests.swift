import Foundation
import Testing
import Wire

struct BillTests {
  @Test func everyKeyOfTheProtocolPageIsWritten() throws {
    let page = protocolPage()
    let section = try #require(page.components(separatedBy: "### 4.3").dropFirst().first)
      .components(separatedBy: "\n## ")[0]
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let keys = rows.flatMap { row in
      row.split(separator: "|")[0].split(separator: ",")
        .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
    }
    var bill = Bill(call: CallID())
    bill.tokensReused = 16
    #expect(bill.value.asMap?.map(\.key) == keys)
    // The one that came later is left out where it says nothing.
    bill.tokensReused = 0
    #expect(bill.value.asMap?.map(\.key) == keys.filter { $0 != "tokens_reused" })
  }

  @Test(
    arguments: [
      ("call", .binary([])), ("tenant", 1), ("tokens_in", -1), ("tokens_reused", 1.5),
      ("macs", ["attention": "x"]),
      ("layers_histogram", [1, -1]), ("total_us", 1.5), ("effort_asked", "1"), ("macs_max", "1"),
      ("adapter", 1), ("status", "OK"),
    ] as [(String, Value)]
  )
  func aWrongTypeIsNamed(key: String, value: Value) {
    let error = #expect(throws: WireError.self) { try Bill(reading: [Value.Entry(key, value)]) }
    #expect(error?.text.contains("`\(key)`") == true)
  }

  @Test func unknownKeysAndPartsAreIgnored() throws {
    let bill = try Bill(reading: [
      Value.Entry("later", 1), Value.Entry("macs", ["later": 5, "head": 2]),
    ])
    #expect(bill.macs.total == 2)
  }
}

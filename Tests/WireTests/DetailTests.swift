import Foundation
import Testing
import Wire

struct DetailTests {
  @Test func everyDetailOfTheProtocolPageIsHereWithItsStatus() throws {
    let page = protocolPage()
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    var found: Set<String> = []
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count >= 3, let number = Int(cells[1].prefix { $0.isNumber }),
        cells[1].contains(" ")
      else { continue }
      let word = String(cells[0].dropFirst().dropLast())
      let detail = try #require(Detail(rawValue: word), "\(word)")
      #expect(detail.status.rawValue == number, "\(word)")
      #expect(cells[1] == "\(number) \(detail.status)", "\(word)")
      found.insert(word)
    }
    #expect(found == Set(Detail.allCases.map(\.rawValue)))
  }
}

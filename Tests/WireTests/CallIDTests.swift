import Testing
import Wire

struct CallIDTests {
  @Test func bytesAndDigitsComeBack() {
    let call = CallID()
    #expect(CallID(call.bytes) == call)
    #expect(CallID(hex: call.description) == call)
    #expect(call.description.count == 32)
    #expect(CallID(hex: "00") == nil)
    #expect(CallID(hex: String(repeating: "g", count: 32)) == nil)
    #expect(CallID() != call)
  }
}

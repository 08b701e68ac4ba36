import Support
import Testing

@testable import Wire

/// One frame of every kind, with random contents.
func randomFrames(using generator: inout SplitMix64) -> [Frame] {
  let stream = Int.random(in: 1 ... int31Max, using: &generator)
  var open = Open("Generate")
  open.call = CallID(using: &generator)
  open.deadline = .milliseconds(Int64.random(in: 0 ... 1 << 40, using: &generator))
  open.model = randomText(using: &generator)
  open.effort = Double.random(in: 0 ..< 1, using: &generator)
  open.params = [Value.Entry("p", .random(depth: 4, using: &generator))]
  open.metadata = Metadata(["key": randomText(using: &generator)])
  var bill = Bill(call: CallID(using: &generator))
  bill.macs.attention = generator.next() >> 8
  bill.macsTotal = bill.macs.total
  bill.layersHistogram = (0 ..< 9).map { _ in generator.next() }
  bill.totalTime = .microseconds(Int64.random(in: 0 ... 1 << 40, using: &generator))
  bill.costMax = .random(using: &generator) ? nil : generator.next()
  bill.tokensReused = .random(in: 0 ... 1, using: &generator)
  bill.adapter = .random(using: &generator) ? nil : randomText(using: &generator)
  let text = randomText(using: &generator)
  var frame = OpenFrame(open)
  frame.metadataBytes = Value.map(frame.metadata).encoded.count
  return [
    .hello(Hello(software: text)), .open(stream, frame),
    .data(stream, .random(depth: 6, using: &generator)), .halfClose(stream),
    .end(stream, End(.queueFull, text: text, metadata: open.metadata)), .bill(stream, bill),
    .cancel(stream), .credit(Bool.random(using: &generator) ? stream : 0, bytes: stream),
    .ping(ack: .random(using: &generator), token: generator.next()),
    .goAway(lastStream: stream, .unavailable, text: text),
  ]
}

struct FrameTests {
  @Test(arguments: 0 ..< 100)
  func whatIsWrittenIsRead(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let written = randomFrames(using: &generator)
    #expect(try frames(in: written.flatMap(\.encoded)) == written)
  }

  @Test func aTypeThatIsWrongIsNamed() {
    let error = #expect(throws: WireError.self) { try Frame(decoding: hex("93 02 a131 c0")[...]) }
    #expect(error?.detail == .malformedFrame)
    let other = #expect(throws: WireError.self) { try Frame(decoding: hex("93 07 01 a131")[...]) }
    #expect(other?.text == "item 2 of credit is not an unsigned integer")
  }

  @Test func aFrameReadFromTheMiddleOfABufferIsTheSame() throws {
    let bytes = [9, 9, 9] + Frame.credit(7, bytes: 500).encoded + [9]
    #expect(try Frame(decoding: bytes[7 ..< bytes.count - 1]) == .credit(7, bytes: 500))
  }

  @Test func metadataIsMeasuredAsItCame() throws {
    // A map head in its longest form: 5 bytes, and a key and a value of 2 each.
    let body = hex("95 01 01 a147 80 df00000001 a161 a162")
    guard case .open(1, let open) = try Frame(decoding: body[...]) else {
      Issue.record("not an OPEN")
      return
    }
    #expect(open.metadataBytes == 9)
  }
}

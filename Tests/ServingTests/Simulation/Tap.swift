@testable import Wire

/// Reads along on a link, and holds both sides to the protocol's order and the bill's bytes.
struct Tap {
  /// One stream as the wire saw it.
  struct Stream {
    var messages = 0
    var traffic = Traffic()
    var ends = 0
    var bills = 0
  }

  let link: Int
  private(set) var streams: [StreamID: Stream] = [:]
  private(set) var complaints: [String] = []
  /// Whether the client broke the protocol, so that frames it sent may not have been read.
  var isHostile = false
  /// Whether the server gave the connection up; what came behind the reason was not read.
  private var hasFailed = false
  private var up = FrameReader(frameBytesMax: 1 << 24)
  private var down = FrameReader(frameBytesMax: 1 << 24)

  init(link: Int) { self.link = link }

  mutating func serverGot(_ bytes: [UInt8]) {
    var rest = bytes[...]
    guard !isHostile else { return }
    while let body = try? up.next(from: &rest), let frame = try? Frame(decoding: body) {
      if case .open(let stream, _) = frame { streams[stream] = Stream() }
      guard frame.stream != 0, streams[frame.stream]?.ends == 0 else { continue }
      streams[frame.stream]?.traffic.bytesIn += body.count + 4
    }
  }

  mutating func serverWrote(_ bytes: [UInt8]) {
    var rest = bytes[...]
    do {
      while let body = try down.next(from: &rest) {
        check(try Frame(decoding: body), body.count + 4)
      }
      if down.waitingCount > 0 { complaints.append("link \(link): half a frame was written") }
    } catch {
      complaints.append("link \(link): the server wrote \(error)")
    }
  }

  private mutating func check(_ frame: Frame, _ length: Int) {
    let id = frame.stream
    if case .goAway(_, let status, _) = frame, status != Detail.draining.status { hasFailed = true }
    guard id != 0 else { return }
    if isHostile, streams[id] == nil { streams[id] = Stream() }
    guard var stream = streams[id] else {
      complaints.append("link \(link): stream \(id) answered before it was opened")
      return
    }
    defer { streams[id] = stream }
    let isOver = stream.ends > 0
    if stream.bills > 0 { complaints.append("link \(link): stream \(id) goes on after its BILL") }
    switch frame {
    case .end:
      stream.ends += 1
      if isOver { complaints.append("link \(link): stream \(id) ended twice") }
    case .bill(_, let bill):
      stream.bills += 1
      if !isOver { complaints.append("link \(link): stream \(id) billed before its END") }
      compare(bill, stream)
      return
    case .data:
      stream.messages += 1
      if isOver { complaints.append("link \(link): stream \(id) has DATA after END") }
    default: if isOver { complaints.append("link \(link): stream \(id) has CREDIT after END") }
    }
    stream.traffic.bytesOut += length
  }

  private mutating func compare(_ bill: Bill, _ stream: Stream) {
    guard !isHostile, !hasFailed else { return }
    let traffic = stream.traffic
    if bill.bytesIn != traffic.bytesIn || bill.bytesOut != traffic.bytesOut {
      complaints.append(
        "link \(link): \(bill.method) billed \(bill.bytesIn)/\(bill.bytesOut) bytes, \(traffic) seen"
      )
    }
  }
}

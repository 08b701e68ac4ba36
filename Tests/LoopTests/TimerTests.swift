import Testing

@testable import Loop

struct TimerTests {
  @Test(arguments: [0, 1, 7, 30])
  func aTimerIsNeverEarly(milliseconds: Int) throws {
    let delay = Duration.milliseconds(milliseconds)
    try onLoop { loop in
      // A turn that has taken a while leaves libuv's clock behind.
      Timer.once(on: loop, after: .zero) {
        let busyUntil = loop.now + .milliseconds(20)
        while loop.now < busyUntil {}
        let start = loop.now
        Timer.once(on: loop, after: delay) {
          #expect(loop.now - start >= delay)
          loop.stop()
        }
      }
    }
  }

  @Test func aTimerThatStartsItselfAgainLetsSocketsThrough() throws {
    let folder = try TemporaryFolder()
    var count = 0
    try onLoop { loop in
      var timer: Timer?
      timer = Timer(on: loop) {
        count += 1
        // The work takes longer than the delay, so the timer is always due.
        let busyUntil = loop.now + .milliseconds(3)
        while loop.now < busyUntil {}
        timer?.start(after: .seconds(-1))
      }
      timer?.start(after: .zero)
      let listener = try Listener(folder.socket(), on: loop) { _ in loop.stop() }
      Connection.connect(to: listener.address, on: loop) { _ in }
    }
    #expect(count > 0)
  }

  @Test func fractionsAreRoundedUp() throws {
    try onLoop { loop in
      let start = loop.now
      Timer.once(on: loop, after: .microseconds(2_100)) {
        #expect(loop.now - start >= .microseconds(2_100))
        loop.stop()
      }
    }
  }

  @Test func negativeAndEndlessDelaysAreTaken() throws {
    try onLoop { loop in
      let endless = Timer(on: loop) { Issue.record("a thousand years went by") }
      endless.start(after: .seconds(Int64.max), every: .seconds(Int64.max))
      Timer.once(on: loop, after: .seconds(-5)) { loop.stop() }
    }
  }

  @Test func aRepeatingTimerRepeatsUntilStopped() throws {
    var count = 0
    try onLoop { loop in
      var timer: Timer?
      timer = Timer(on: loop) {
        count += 1
        guard count == 5 else { return }
        timer?.stop()
        Timer.once(on: loop, after: .milliseconds(10)) { loop.stop() }
      }
      timer?.start(after: .zero, every: .milliseconds(1))
    }
    #expect(count == 5)
  }

  @Test func startingAnewReplacesTheDelay() throws {
    var order: [String] = []
    try onLoop { loop in
      let moved = Timer(on: loop) {
        order.append("moved")
        loop.stop()
      }
      moved.start(after: .milliseconds(1))
      moved.start(after: .milliseconds(30))
      Timer.once(on: loop, after: .milliseconds(10)) { order.append("between") }
    }
    #expect(order == ["between", "moved"])
  }

  @Test func aClosedTimerStaysSilent() throws {
    try onLoop { loop in
      let timer = Timer.once(on: loop, after: .milliseconds(1)) { Issue.record("fired") }
      timer.close()
      timer.close()
      timer.start(after: .zero)
      timer.stop()
      Timer.once(on: loop, after: .milliseconds(10)) { loop.stop() }
    }
  }
}

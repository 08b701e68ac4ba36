import Testing

@testable import Loop

struct MailboxTests {
  @Test func postsFromTwoThreadsArriveOnceAndInOrder() throws {
    let each = 20_000
    var lists: [[Int]] = [[], []]
    var batches = 0
    var threads: [WorkerThread] = []
    try onLoop { loop in
      let mailbox = try Mailbox<(Int, Int)>(on: loop) { batch in
        loop.checkThread()
        #expect(!batch.isEmpty)
        batches += 1
        for (sender, value) in batch { lists[sender].append(value) }
        if lists[0].count + lists[1].count == 2 * each { loop.stop() }
      }
      threads = (0 ..< 2).map { sender in
        WorkerThread(named: "sender") {
          for value in stride(from: 0, to: each, by: 2) {
            mailbox.post([(sender, value), (sender, value + 1)])
          }
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(lists[0] == Array(0 ..< each))
    #expect(lists[1] == Array(0 ..< each))
    #expect(batches > 0 && batches <= 2 * each)
  }

  @Test func postsBetweenTwoTurnsAreOneBatch() throws {
    var batches: [[Int]] = []
    try onLoop { loop in
      let mailbox = try Mailbox<Int>(on: loop) { batch in
        batches.append(batch)
        loop.stop()
      }
      for value in 0 ..< 100 { mailbox.post(value) }
      mailbox.post([])
    }
    #expect(batches == [Array(0 ..< 100)])
  }

  @Test("Whoever is asked to wakes the loop, once for all posts of a turn")
  func othersMayWakeTheLoop() throws {
    var batches: [[Int]] = []
    var errands: [@Sendable () -> Void] = []
    var thread: WorkerThread?
    try onLoop { loop in
      let mailbox = try Mailbox<Int>(on: loop) { batch in
        batches.append(batch)
        loop.stop()
      }
      #expect(mailbox.post([1]) { errands.append($0) })
      #expect(mailbox.post([2]) { errands.append($0) })
      let errand = try #require(errands.first)
      thread = WorkerThread(named: "waker") { errand() }
    }
    thread?.join()
    #expect(errands.count == 1)
    #expect(batches == [[1, 2]])
  }

  @Test func aClosedMailboxRefuses() throws {
    try onLoop { loop in
      let mailbox = try Mailbox<Int>(on: loop) { _ in Issue.record("delivered after close") }
      mailbox.post(1)
      #expect(mailbox.close() == [1])
      #expect(mailbox.close() == [])
      #expect(!mailbox.post(2))
      Timer.once(on: loop, after: .milliseconds(5)) { loop.stop() }
    }
  }

  @Test func closingWhileOthersPostIsSafe() throws {
    for _ in 0 ..< 50 {
      var thread: WorkerThread?
      try onLoop { loop in
        let mailbox = try Mailbox<Int>(on: loop) { _ in loop.stop() }
        thread = WorkerThread(named: "poster") { while mailbox.post(1) {} }
      }
      // The loop is closed here, and the poster has heard of it.
      thread?.join()
    }
  }

  @Test func aLoopThatClosesReleasesItsMailbox() throws {
    weak var mailbox: Mailbox<Int>?
    try onLoop { loop in
      let opened = try Mailbox<Int>(on: loop) { _ in loop.stop() }
      opened.post(1)
      mailbox = opened
    }
    #expect(mailbox == nil)
  }
}

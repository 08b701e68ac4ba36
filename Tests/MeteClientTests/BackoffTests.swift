@testable import MeteClient
import Testing
import Wire

struct BackoffTests {
  @Test(arguments: 0 ..< 100 as Range<UInt64>)
  func waitsDoubleUpToTheLongestAndHalfIsChance(seed: UInt64) {
    let policy = RetryPolicy(base: .milliseconds(100), longest: .seconds(1), seed: seed)
    var backoff = Backoff(policy)
    var same = Backoff(policy)
    for (failures, whole) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (99_999, 1000)] {
      let wait = backoff.wait(after: failures)
      #expect(wait >= .milliseconds(whole) / 2)
      #expect(wait <= .milliseconds(whole))
      #expect(wait == same.wait(after: failures))
    }
  }

  @Test func nothingIsNoWait() {
    var backoff = Backoff(RetryPolicy(base: .zero))
    #expect(backoff.wait(after: 1_000_000_000) == .zero)
    var negative = Backoff(RetryPolicy(base: .seconds(-1), longest: .seconds(-1)))
    #expect(negative.wait(after: 3) == .zero)
  }

  @Test func onlyWhatDidNoWorkMayFollow() {
    var attempts = Attempts(most: 3)
    attempts.begin()
    for detail in Detail.allCases {
      let isSafe = [.queueFull, .streamsMax, .draining].contains(detail)
      #expect(attempts.mayFollow(.ended(detail, macsTotal: 0)) == isSafe)
      #expect(attempts.mayFollow(.refusedHere(detail)) == isSafe)
      #expect(!attempts.mayFollow(.ended(detail, macsTotal: 1)))
    }
    #expect(!attempts.mayFollow(.ended(nil, macsTotal: 0)))
    #expect(attempts.mayFollow(.noConnection))
    #expect(attempts.mayFollow(.neverTaken))
    #expect(!attempts.mayFollow(.lost))
    attempts.begin()
    attempts.begin()
    #expect(!attempts.mayFollow(.noConnection))
  }

  @Test func nothingFollowsAMessage() {
    var attempts = Attempts(most: 3)
    attempts.begin()
    attempts.makeFinal()
    #expect(!attempts.mayFollow(.neverTaken))
  }
}

import Synchronization
import Testing

@testable import Loop

struct WorkQueueTests {
  @Test func offersAreBoundedAndPostsPass() {
    let queue = WorkQueue<Int>(offersMax: 2)
    #expect(queue.offer(1))
    #expect(queue.offer(2))
    #expect(!queue.offer(3))
    #expect(queue.post(4))
    #expect(queue.count == 3)
    #expect(queue.take(waiting: false) == [1, 2, 4])
    #expect(queue.isEmpty)
    #expect(queue.offer(5))
    #expect(queue.take(waiting: true) == [5])
    #expect(queue.take(waiting: false) == [])
  }

  @Test(
    "What is gathered is heard of at once, by whoever sleeps and whoever looks",
    arguments: [Duration.zero, .seconds(1)]
  )
  func gatheredEntriesComeTogether(lookMax: Duration) {
    let queue = WorkQueue<Int>(offersMax: 3, lookMax: lookMax)
    let taken = WorkQueue<[Int]>(offersMax: 1)
    let worker = WorkerThread(named: "taker") {
      for _ in 0 ..< 200 { taken.post(queue.take(waiting: true)) }
    }
    for number in 0 ..< 200 {
      queue.gathering {
        #expect(queue.offer(number))
        queue.post(-number)
        // Time enough for the taker to come between, if he could.
        for _ in 0 ..< number * 10 { _ = queue.count }
        queue.post(number)
      }
      #expect(taken.take(waiting: true) == [[number, -number, number]])
    }
    worker.join()
    queue.gathering {}
    #expect(queue.isEmpty)
  }

  @Test(
    "What is being gathered can be taken by whoever does not wait, and a queue that is closed meanwhile ends"
  )
  func gatheredEntriesAreThere() {
    let queue = WorkQueue<Int>(offersMax: 1)
    queue.gathering {
      queue.post(1)
      #expect(queue.take(waiting: false) == [1])
      queue.post(2)
      queue.close()
    }
    #expect(queue.take(waiting: true) == [2])
    #expect(queue.take(waiting: true) == [])
  }

  @Test("Gathering keeps back nothing that was heard of before")
  func gatheringKeepsNothingBack() {
    let queue = WorkQueue<Int>(offersMax: 1)
    queue.post(1)
    queue.gathering {
      queue.post(-2)
      #expect(queue.takeUrgent { $0 < 0 } == [-2])
      queue.post(3)
      #expect(queue.take(waiting: true) == [1, 3])
      queue.post(4)
    }
    #expect(queue.take(waiting: true) == [4])
  }

  @Test func theUrgentOvertakeTheRest() {
    let queue = WorkQueue<Int>(offersMax: 2)
    #expect(queue.offer(1))
    queue.post(-1)
    #expect(queue.offer(2))
    queue.post(-2)
    #expect(queue.takeUrgent { $0 < 0 } == [-1, -2])
    #expect(queue.takeUrgent { $0 < 0 } == [])
    #expect(!queue.offer(3), "what was left behind still counts")
    #expect(queue.takeUrgent { $0 == 1 } == [1])
    #expect(queue.offer(3), "what was taken no longer counts")
    #expect(queue.take(waiting: true) == [2, 3])
  }

  @Test func aClosedQueueIsEmptiedThenEnds() {
    let queue = WorkQueue<Int>(offersMax: 9)
    #expect(queue.offer(1))
    queue.close()
    #expect(!queue.offer(2))
    #expect(!queue.post(3))
    #expect(queue.take(waiting: true) == [1])
    #expect(queue.take(waiting: true) == [])
  }

  @Test func closingWakesASleeper() {
    let queue = WorkQueue<Int>(offersMax: 1)
    let worker = WorkerThread(named: "sleeper") {
      #expect(queue.take(waiting: true) == [])
    }
    queue.close()
    worker.join()
  }

  /// Who looks before he sleeps finds what comes meanwhile, what comes later, and the end.
  @Test(arguments: [Duration.microseconds(1), .microseconds(20), .milliseconds(2)])
  func lookingFindsWhatComesSoonOrLate(lookMax: Duration) {
    let (there, back) = (
      WorkQueue<Int>(offersMax: 1, lookMax: lookMax), WorkQueue<Int>(offersMax: 1, lookMax: lookMax)
    )
    let worker = WorkerThread(named: "echo") {
      while true {
        let batch = there.take(waiting: true)
        if batch.isEmpty { return }
        for number in batch { back.post(number) }
      }
    }
    for number in 0 ..< 2_000 {
      there.post(number)
      #expect(back.take(waiting: true) == [number])
    }
    there.close()
    worker.join()
  }

  @Test(arguments: [Duration.zero, .milliseconds(1)])
  func everyElementArrivesOnceAndInOrderPerSender(lookMax: Duration) {
    let queue = WorkQueue<(Int, Int)>(offersMax: 64, lookMax: lookMax)
    let each = 20_000
    let taken = Mutex<[[Int]]>([[], []])
    let taker = WorkerThread(named: "taker") {
      while true {
        let batch = queue.take(waiting: true)
        if batch.isEmpty { return }
        taken.withLock { lists in for (sender, value) in batch { lists[sender].append(value) } }
      }
    }
    let senders = (0 ..< 2).map { sender in
      WorkerThread(named: "sender") {
        for value in 0 ..< each {
          if value % 3 == 0 {
            queue.post((sender, value))
          } else {
            while !queue.offer((sender, value)) {}
          }
        }
      }
    }
    for sender in senders { sender.join() }
    queue.close()
    taker.join()
    let lists = taken.withLock { $0 }
    #expect(lists[0] == Array(0 ..< each))
    #expect(lists[1] == Array(0 ..< each))
  }
}

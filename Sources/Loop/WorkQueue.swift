internal import Glibc
import Synchronization

/// A queue from the loop's thread to a worker: new work is bounded, and what steers running work always passes.
///
/// Any thread may call any method. Elements leave in the order in which they came.
public final class WorkQueue<Element: Sendable>: @unchecked Sendable {
  // Sendable: all mutable state is read and written under `lock`, and elements are Sendable.
  private let lock = Lock()
  /// As many as the taker has been told of, for one that looks without the lock.
  private let there = Atomic(0)
  /// The same, for one that has it: the last of `entries` may still be gathered.
  private var announced = 0 { didSet { there.store(announced, ordering: .relaxed) } }
  /// Whether the last wait was over so soon that looking is worth it.
  private var cameSoon = false
  private var entries: [Entry] = []
  private var offeredCount = 0
  /// Whether more is about to come that belongs to what is there.
  private var isGathering = false
  private var isClosed = false

  private struct Entry {
    let element: Element
    let isOffered: Bool
  }

  /// How many offered elements may wait at once.
  public let offersMax: Int

  /// How long a taker looks for work before it sleeps, where the last work came within that time.
  ///
  /// To be woken takes a good part of it. So whoever answers callers that ask again at once does not sleep between them, and
  /// a queue to which little comes costs no processor more than this, once.
  private let lookMax: Duration

  /// Makes an empty queue.
  ///
  /// - Parameters:
  ///   - offersMax: How many offered elements may wait at once; posted ones do not count.
  ///   - lookMax: How long a taker looks before it sleeps; zero where it would keep others from its only processor.
  public init(offersMax: Int, lookMax: Duration = .zero) {
    precondition(offersMax > 0, "a queue that holds \(offersMax) offers takes no work")
    self.offersMax = offersMax
    self.lookMax = lookMax
  }

  /// Adds new work if there is room for it.
  ///
  /// - Parameter element: The work.
  /// - Returns: False, with nothing added, when `offersMax` wait already or the queue is closed.
  public func offer(_ element: Element) -> Bool {
    lock.withLock {
      guard !isClosed, offeredCount < offersMax else { return false }
      offeredCount += 1
      add(Entry(element: element, isOffered: true))
      return true
    }
  }

  /// Adds what concerns work that is already taken or waiting (cancel, credit); it is bounded by that work.
  ///
  /// - Parameter element: The message.
  /// - Returns: False when the queue is closed.
  @discardableResult
  public func post(_ element: Element) -> Bool {
    lock.withLock {
      guard !isClosed else { return false }
      add(Entry(element: element, isOffered: false))
      return true
    }
  }

  /// Lets the taker hear at once of all that `body` offers and posts, when it returns.
  ///
  /// What belongs together is then taken together by whoever waits, who is not in the way of the rest meanwhile.
  ///
  /// - Parameter body: Short; runs on the calling thread, which must be the only one that gathers.
  public func gathering(_ body: () -> Void) {
    lock.withLock { isGathering = true }
    body()
    lock.withLock {
      isGathering = false
      if !entries.isEmpty { announce() }
    }
  }

  /// Takes everything that waits.
  ///
  /// - Parameter waiting: True sleeps until there is something or the queue is closed.
  /// - Returns: The elements in order; none if nothing waits, which with `waiting` means closed.
  public func take(waiting: Bool) -> [Element] {
    let began = waiting && lookMax > .zero ? ContinuousClock.now : nil
    if let began, lock.withLock({ cameSoon && !isClosed }) { look(until: began + lookMax) }
    return lock.withLock {
      while waiting, announced == 0, !isClosed { lock.wait() }
      if let began { cameSoon = ContinuousClock.now - began < lookMax }
      let taken = entries.map { $0.element }
      entries.removeAll(keepingCapacity: true)
      announced = 0
      offeredCount = 0
      return taken
    }
  }

  /// Gives the processor away whenever somebody else wants it: clients on the same machine may need it to send what comes next.
  private func look(until end: ContinuousClock.Instant) {
    while there.load(ordering: .relaxed) == 0, ContinuousClock.now < end { sched_yield() }
  }

  /// Takes the elements that match without waiting, and leaves the others in order.
  ///
  /// A taken element overtakes those left behind: a cancel taken here may name work whose open still waits.
  ///
  /// - Parameter isUrgent: Which to take; runs under the queue's lock, so it must be short.
  /// - Returns: The matching elements in order.
  public func takeUrgent(where isUrgent: (Element) -> Bool) -> [Element] {
    // A running step asks often, and mostly there is nothing.
    guard there.load(ordering: .relaxed) > 0 else { return [] }
    return lock.withLock {
      var taken: [Element] = []
      entries.removeAll { entry in
        guard isUrgent(entry.element) else { return false }
        taken.append(entry.element)
        if entry.isOffered { offeredCount -= 1 }
        return true
      }
      announced = isGathering ? min(announced, entries.count) : entries.count
      return taken
    }
  }

  /// How many elements wait.
  public var count: Int { lock.withLock { entries.count } }

  /// Whether nothing waits.
  public var isEmpty: Bool { count == 0 }

  /// Refuses everything from now on and wakes the taker; what waits can still be taken.
  public func close() {
    lock.withLock {
      isClosed = true
      lock.broadcast()
    }
  }

  private func add(_ entry: Entry) {
    entries.append(entry)
    if !isGathering { announce() }
  }

  /// Wakes the taker only if it may be asleep.
  private func announce() {
    if announced == 0 { lock.signal() }
    announced = entries.count
  }
}

/// Pages in the order in which they became idle; any of them can leave at once.
///
/// A doubly linked list inside two arrays: a slot for each page, and one for both ends.
struct IdlePages {
  private(set) var count = 0
  private var next: [Int32]
  private var previous: [Int32]
  private let ends: Int

  init(count: Int) {
    ends = count
    next = (0 ... Int32(count)).map { $0 }
    previous = next
  }

  /// Adds a page behind all others.
  mutating func append(_ page: Int32) {
    precondition(next[Int(page)] == page, "page \(page) is idle twice")
    let last = previous[ends]
    link(last, page)
    link(page, Int32(ends))
    count += 1
  }

  /// Takes a page out, wherever it stands.
  mutating func remove(_ page: Int32) {
    precondition(next[Int(page)] != page, "page \(page) is not idle")
    link(previous[Int(page)], next[Int(page)])
    next[Int(page)] = page
    previous[Int(page)] = page
    count -= 1
  }

  /// Takes out the page that has been idle longest; nil if there is none.
  mutating func removeFirst() -> Int32? {
    guard count > 0 else { return nil }
    let page = next[ends]
    remove(page)
    return page
  }

  private mutating func link(_ a: Int32, _ b: Int32) {
    next[Int(a)] = b
    previous[Int(b)] = a
  }
}

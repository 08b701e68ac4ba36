/// Which pages of a key/value cache are free, which are used by how many, and which are kept in case
/// that another prompt begins like theirs.
///
/// A shared page is never written: a sequence writes only behind the whole pages that it shares.
struct PagePool {
  /// Pages in all.
  let count: Int
  /// Positions per page.
  let pageSize: Int
  /// Pages that may be kept although no sequence uses them.
  let cachedMax: Int
  private var free: [Int32]
  /// Sequences that use each page.
  private var users: [Int32]
  private var index = PrefixIndex()
  private var idle: IdlePages

  init(count: Int, pageSize: Int, cachedMax: Int = 0) {
    self.count = count
    self.pageSize = pageSize
    self.cachedMax = cachedMax
    free = (0 ..< Int32(count)).reversed()
    users = [Int32](repeating: 0, count: count)
    idle = IdlePages(count: count)
  }

  /// Pages that sequences use, each counted once.
  var used: Int { count - free.count - idle.count }
  /// Pages that no sequence uses and that are kept.
  var cached: Int { idle.count }

  /// Pages that `positions` positions need.
  func pages(for positions: Int) -> Int { (positions + pageSize - 1) / pageSize }

  /// The whole pages that hold a prompt's beginning already, first one first.
  ///
  /// The last position of a prompt is not looked for: somebody has to compute what comes next.
  func prefix(of prompt: [Int32], tenant: String) -> [Int32] {
    var pages: [Int32] = []
    while (pages.count + 1) * pageSize < prompt.count {
      let start = pages.count * pageSize
      let tokens = Array(prompt[start ..< start + pageSize])
      let key = PrefixIndex.Key(tenant: tenant, previous: pages.last, tokens: tokens)
      guard let page = index[key] else { break }
      pages.append(page)
    }
    return pages
  }

  /// Takes `wanted` pages, or none if there are not enough.
  ///
  /// - Parameters:
  ///   - wanted: how many, shared ones included.
  ///   - shared: pages from `prefix`, just now.
  /// - Returns: the shared ones first.
  mutating func take(_ wanted: Int, sharing shared: [Int32] = []) -> [Int32]? {
    precondition(shared.count <= wanted, "\(shared.count) shared pages of \(wanted)")
    let fresh = wanted - shared.count
    let revived = shared.count { users[Int($0)] == 0 }
    guard fresh <= free.count + idle.count - revived else { return nil }
    for page in shared {
      if users[Int(page)] == 0 { idle.remove(page) }
      users[Int(page)] += 1
    }
    while free.count < fresh { dropOldest() }
    let taken = free.suffix(fresh)
    free.removeLast(fresh)
    for page in taken { users[Int(page)] = 1 }
    return shared + taken
  }

  /// Lets others share a page that its sequence has filled.
  ///
  /// - Returns: whether it is the first page that holds this; if not, nothing that follows it is shared
  ///   either, since what follows is looked up by the first.
  mutating func share(_ page: Int32, as key: PrefixIndex.Key) -> Bool {
    precondition(users[Int(page)] > 0, "page \(page) is shared by nobody")
    return index.add(page, as: key)
  }

  /// Gives a sequence's pages back, in the order in which it got them.
  mutating func giveBack(_ pages: [Int32]) {
    // The last one first: what is dropped first must not be what the others are found by.
    for page in pages.reversed() {
      precondition(users[Int(page)] > 0, "page \(page) came back twice")
      users[Int(page)] -= 1
      guard users[Int(page)] == 0 else { continue }
      if index.contains(page) { idle.append(page) } else { free.append(page) }
    }
    while idle.count > cachedMax { dropOldest() }
  }

  /// Forgets the page that has been idle longest.
  ///
  /// A page becomes idle after those that follow it, so nothing that is kept is found by it.
  private mutating func dropOldest() {
    guard let page = idle.removeFirst() else { preconditionFailure("no idle page to drop") }
    index.remove(page)
    free.append(page)
  }
}

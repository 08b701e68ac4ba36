/// Which pages of a key/value cache are free.
struct PagePool {
  /// Pages in all.
  let count: Int
  /// Positions per page.
  let pageSize: Int
  private var free: [Int32]

  init(count: Int, pageSize: Int) {
    self.count = count
    self.pageSize = pageSize
    free = (0 ..< Int32(count)).reversed()
  }

  /// Pages that are in use.
  var used: Int { count - free.count }

  /// Pages that `positions` positions need.
  func pages(for positions: Int) -> Int { (positions + pageSize - 1) / pageSize }

  /// Takes `wanted` pages, or none if there are not enough.
  mutating func take(_ wanted: Int) -> [Int32]? {
    guard wanted <= free.count else { return nil }
    defer { free.removeLast(wanted) }
    return free.suffix(wanted)
  }

  /// Gives pages back.
  mutating func giveBack(_ pages: [Int32]) {
    free.append(contentsOf: pages)
    precondition(free.count <= count, "\(free.count) free pages of \(count): some came back twice")
  }
}

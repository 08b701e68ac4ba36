/// Finds filled pages by what they hold: their tokens, and all that stood before them.
///
/// What stood before is named by the page that holds it, and so is compared with every token of it, not
/// with a hash. Whoever removes a page has removed those that follow it.
struct PrefixIndex {
  /// What a page holds.
  struct Key: Hashable, Sendable {
    /// Whose tokens they are; a page that another tenant could hit would tell what was asked.
    let tenant: String
    /// The page before it; nil for the first.
    let previous: Int32?
    /// Its own tokens.
    let tokens: [Int32]
  }

  private var pages: [Key: Int32] = [:]
  private var keys: [Int32: Key] = [:]

  /// The page that holds `key`.
  subscript(key: Key) -> Int32? { pages[key] }

  /// Whether the page can be found.
  func contains(_ page: Int32) -> Bool { keys[page] != nil }

  /// Adds a page, unless another one holds the same.
  mutating func add(_ page: Int32, as key: Key) -> Bool {
    guard pages[key] == nil else { return false }
    precondition(keys[page] == nil, "page \(page) holds two things")
    pages[key] = page
    keys[page] = key
    return true
  }

  /// Forgets a page.
  mutating func remove(_ page: Int32) {
    guard let key = keys.removeValue(forKey: page) else { return }
    pages[key] = nil
  }
}

import Support
import Testing

@testable import Inference

/// Pages are free, used or cached, each exactly one of them, whatever comes in whatever order.
struct PagePoolTests {
  private func key(_ previous: Int32?, _ token: Int32, _ tenant: String = "t") -> PrefixIndex.Key {
    PrefixIndex.Key(tenant: tenant, previous: previous, tokens: [token, token])
  }

  /// Takes pages that must be there.
  private func take(_ count: Int, of pool: inout PagePool) throws -> [Int32] {
    let pages = pool.take(count)
    return try #require(pages)
  }

  /// Lets the pages be found in this order, with tokens 1, 2, …; whether each was the first of its kind.
  private func share(_ pages: [Int32], of pool: inout PagePool) -> [Bool] {
    pages.indices.map { index in
      pool.share(pages[index], as: key(index > 0 ? pages[index - 1] : nil, Int32(index + 1)))
    }
  }

  @Test func aPageIsFoundByItsTokensAndAllBeforeThem() throws {
    var pool = PagePool(count: 6, pageSize: 2, cachedMax: 6)
    let pages = try take(3, of: &pool)
    #expect(share(Array(pages[0 ... 1]), of: &pool) == [true, true])
    #expect(pool.prefix(of: [1, 1, 2, 2, 9], tenant: "t") == Array(pages[0 ... 1]))
    #expect(pool.prefix(of: [1, 1, 2, 2], tenant: "t") == [pages[0]], "the last position runs")
    #expect(pool.prefix(of: [1, 1, 2, 3, 9], tenant: "t") == [pages[0]])
    #expect(pool.prefix(of: [2, 2, 2, 2, 9], tenant: "t") == [], "page 1 comes after page 0")
    #expect(pool.prefix(of: [1, 1, 2, 2, 9], tenant: "other") == [])
    #expect(share([pages[2]], of: &pool) == [false], "another page holds it")
    pool.giveBack(pages)
    #expect(pool.used == 0 && pool.cached == 2)
  }

  @Test func whatWasIdleLongestGoesFirstAndLeavesNoOrphans() throws {
    var pool = PagePool(count: 4, pageSize: 2, cachedMax: 4)
    let first = try take(2, of: &pool)
    #expect(share(first, of: &pool) == [true, true])
    pool.giveBack(first)
    // One page more than is free: the second of the kept ones goes, the first still is found.
    let fresh = try take(3, of: &pool)
    #expect(pool.prefix(of: [1, 1, 2, 2, 9], tenant: "t") == [first[0]])
    let tooMany = pool.take(2, sharing: [first[0]])
    #expect(tooMany == nil, "nothing is left beside it")
    let shared = pool.take(1, sharing: [first[0]])
    #expect(shared == [first[0]])
    #expect(pool.used == 4 && pool.cached == 0)
    pool.giveBack([first[0]])
    pool.giveBack(fresh)
    #expect(pool.used == 0 && pool.cached == 1)
  }

  @Test func noMoreIsKeptThanTheLimit() throws {
    var pool = PagePool(count: 8, pageSize: 2, cachedMax: 2)
    let pages = try take(5, of: &pool)
    #expect(share(pages, of: &pool) == [true, true, true, true, true])
    pool.giveBack(pages)
    #expect(pool.cached == 2)
    #expect(pool.prefix(of: [1, 1, 2, 2, 3, 3, 9], tenant: "t") == Array(pages[0 ... 1]))
  }

  @Test(arguments: 0 ..< 100)
  func everyPageIsInOnePlace(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let count = Int.random(in: 1 ... 30, using: &random)
    let most = Int.random(in: 0 ... count, using: &random)
    var pool = PagePool(count: count, pageSize: 2, cachedMax: most)
    var held: [[Int32]] = []
    for _ in 0 ..< 300 {
      if !held.isEmpty, Bool.random(using: &random) {
        pool.giveBack(held.remove(at: Int.random(in: 0 ..< held.count, using: &random)))
      } else {
        take(&pool, &held, &random)
      }
      #expect(pool.used == Set(held.joined()).count, "seed \(seed)")
      #expect(pool.used + pool.cached <= count && pool.cached <= most, "seed \(seed)")
    }
    for pages in held { pool.giveBack(pages) }
    #expect(pool.used == 0)
    let all = pool.take(count)
    #expect(all?.count == count, "seed \(seed): kept pages make way")
  }

  /// One more sequence of a few tokens out of two, so that many begin alike.
  private func take(_ pool: inout PagePool, _ held: inout [[Int32]], _ random: inout SplitMix64) {
    let tokens = (0 ..< Int.random(in: 1 ... 10, using: &random)).flatMap { _ in
      let token = Int32.random(in: 0 ... 1, using: &random)
      return [token, token]
    }
    let tenant = Bool.random(using: &random) ? "a" : "b"
    let shared = pool.prefix(of: tokens, tenant: tenant)
    guard let pages = pool.take(tokens.count / 2, sharing: shared) else { return }
    #expect(Set(pages).count == pages.count)
    let fresh = Set(pages.dropFirst(shared.count))
    #expect(fresh.isDisjoint(with: held.joined()), "what others use is not given out")
    held.append(pages)
    for index in shared.count ..< pages.count {
      let previous = index > 0 ? pages[index - 1] : nil
      let own = Array(tokens[2 * index ... 2 * index + 1])
      let key = PrefixIndex.Key(tenant: tenant, previous: previous, tokens: own)
      guard pool.share(pages[index], as: key) else { return }
    }
  }
}

import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Every multiplication of a token that leaves is counted once.
struct StreamCostTests {
  /// SmolLM2-135M with exits after 10, 20 and 30 layers, three classes.
  private let configuration = LlamaConfiguration(
    layers: 30,
    width: 576,
    heads: 9,
    keyValueHeads: 3,
    headWidth: 64,
    ffnWidth: 1_536,
    vocabulary: 49_152,
    positionsMax: 8_192,
    rmsEpsilon: 1e-5,
    ropeBase: 1e5,
    ropeScaling: .none,
    tiedHead: true
  )

  private func cost(isJoined: Bool) -> StreamCost {
    let heads = TokenHeads<Float>(
      layers: [10, 20, 30],
      width: 576,
      classes: 3,
      isJoined: isJoined,
      seed: 0
    )
    return StreamCost(configuration, heads)
  }

  @Test func layersKeysValuesAndExitsAreCounted() {
    let (joined, plain) = (cost(isJoined: true), cost(isJoined: false))
    // The fifth token attends to five.
    let layer = 2 * 576 * (576 + 192) + 5 * 2 * 576 + 3 * 576 * 1_536
    let (lent, head) = (2 * 576 * 192, 576 * 3)
    #expect(plain.token(position: 4, exit: 0, .propagate) == 10 * layer + 20 * lent + head)
    #expect(plain.token(position: 4, exit: 2, .propagate) == 30 * layer + 3 * head)
    // Its own ensemble, and at the second exit three columns of the cascade and an ensemble of two.
    #expect(joined.token(position: 4, exit: 0, .propagate) == 10 * layer + 20 * lent + head + 3)
    let second = 20 * layer + 10 * lent + head + 3 + (head + 3 * 3) + 6
    #expect(joined.token(position: 4, exit: 1, .propagate) == second)
    #expect(joined.token(position: 4, exit: 2, .propagate) == second + 10 * (layer - lent) + head)
    // What is made up for is all of it, and of what nobody asks for nothing.
    #expect(plain.token(position: 4, exit: 0, .defer) == 30 * layer + head)
    #expect(plain.token(position: 4, exit: 2, .defer) == 30 * layer + 3 * head)
    #expect(plain.token(position: 4, exit: 0, .defer, reach: 10) == 10 * layer + head)
    #expect(plain.token(position: 4, exit: 0, .defer, reach: 20) == 20 * layer + head)
    #expect(plain.token(position: 4, exit: 0, .propagate, reach: 20) == 10 * (layer + lent) + head)
    #expect(plain.token(position: 4, exit: 1, .propagate, reach: 10) == 20 * layer + 2 * head)
  }

  /// Exits that are not asked cost nothing, but for heads that later ones hear.
  @Test func whatIsNotRunCostsNothing() {
    let (joined, plain) = (cost(isJoined: true), cost(isJoined: false))
    let head = 576 * 3
    for policy in StreamPolicy.allCases {
      func spared(_ cost: StreamCost, exit: Int, first: Int) -> Int {
        cost.token(position: 4, exit: exit, policy)
          - cost.token(position: 4, exit: exit, from: first, policy)
      }
      #expect(spared(plain, exit: 1, first: 1) == head)
      #expect(spared(plain, exit: 2, first: 1) == head)
      // The ensemble of one head alone; its head goes on to the second exit.
      #expect(spared(joined, exit: 1, first: 1) == 3 && spared(joined, exit: 2, first: 1) == 3)
      // The backbone's own head is all that is run, and hears no other.
      #expect(spared(plain, exit: 2, first: 2) == 2 * head)
      #expect(spared(joined, exit: 2, first: 2) == 2 * head + 3 * 3 + 3 + 6)
    }
    let depth = (0 ..< 6).reduce(0) {
      $0 + joined.token(position: $1, exit: 2, from: 2, .propagate)
    }
    #expect(depth == joined.dense(tokens: 6))
  }

  @Test func fullDepthIsTheModelAndItsHead() {
    let tokens = 6
    let rows = (0 ..< tokens).reduce(0) { $0 + Cost(configuration).row(positions: $1 + 1) }
    #expect(cost(isJoined: true).dense(tokens: tokens) == rows + tokens * 576 * 3)
  }

  @Test(arguments: [true, false])
  func leavingLaterCostsMore(isJoined: Bool) {
    let cost = cost(isJoined: isJoined)
    for policy in StreamPolicy.allCases {
      for position in [0, 7, 100] {
        let all = (0 ..< 3).map { cost.token(position: position, exit: $0, policy) }
        #expect(all[0] < all[1] && all[1] < all[2], "\(policy)")
      }
    }
  }
}

import Inference
import Support
import Wire

@testable import Serving

/// What a seed makes of the world: every limit small enough to be met, and how lively it is.
struct Conditions {
  var configuration = Configuration()
  /// Steps before everything is let go.
  let steps: Int
  /// At which step the drain begins; nil leaves it to the end.
  let drainStep: Int?
  /// How often each kind of event comes.
  let weights: [Int]
  /// Percent of layer boundaries at which the loop's thread has something happen.
  let boundaryPercent: Int
  let tokensMax: Int

  init(_ random: inout SplitMix64) {
    steps = random.number(150 ... 1200)
    drainStep = random.chance(35) ? random.number(50 ... steps) : nil
    weights = [
      random.number(1 ... 4), random.number(15 ... 60), random.number(15 ... 60),
      random.number(5 ... 30), random.number(5 ... 30), random.number(2 ... 15),
      random.number(0 ... 3),
    ]
    boundaryPercent = random.pick([0, 10, 40, 90])
    tokensMax = random.pick([4, 12, 30])
    setEdge(&random)
    setEngine(&random)
  }

  private mutating func setEdge(_ random: inout SplitMix64) {
    configuration.drain = .milliseconds(random.pick([0, 50, 2000, 20_000]))
    configuration.billsRemembered = random.pick([1, 5, 10_000])
    configuration.limits.connectionsMax = random.number(1 ... 8)
    configuration.limits.callTimeMax = .milliseconds(random.pick([500, 5_000, 600_000, 600_000]))
    configuration.limits.slots = random.pick([1, 2, 5, 64])
    var wire = configuration.limits.wire
    wire.streamsMax = random.number(1 ... 10)
    wire.streamCredit = random.number(200 ... 3000)
    wire.connectionCredit = random.number(200 ... 6000)
    wire.frameBytesMax = 16_384
    wire.idle = random.pick([.zero, .seconds(3), .seconds(300)])
    wire.hello = random.pick([.seconds(1), .seconds(10)])
    wire.pingsMax = random.number(2 ... 10)
    wire.controlBytesMax = random.pick([3000, 60_000, 1_048_576])
    wire.outputBytesMax = random.pick([300, 3000, 262_144])
    configuration.limits.wire = wire
  }

  private mutating func setEngine(_ random: inout SplitMix64) {
    var engine = EngineLimits()
    engine.sequencesMax = random.number(1 ... 20)
    engine.queueCountMax = random.number(1 ... 8)
    engine.rowsMax = random.pick([1, 3, 8, 64])
    engine.prefillRowsMax = random.pick([1, 4, 32])
    let positions = random.pick([24, 80, 300, 1200])
    engine.keyValueBytesMax = TinyHouse.pageBytes * max(2, positions / 16)
    engine.textBytesMax = random.pick([60, 4000])
    engine.pendingTokensMax = random.pick([1, 8, 256])
    engine.stallMax = .milliseconds(random.pick([20, 1000, 10_000]))
    engine.stepMax = .milliseconds(random.pick([1, 5, 25]))
    engine.sharesPrefixes = random.chance(80)
    engine.prefixPercentMax = random.pick([0, 30, 100])
    engine.brownOutWait = random.chance(30) ? .milliseconds(random.pick([1, 20, 500])) : nil
    engine.parkedRowsMax = random.pick([2, 5, 16, 256])
    engine.railPerMille = random.pick([0, 10, 300, 1000])
    // Shared texts and products in parts have the same bits; threads for every world would take most of its time.
    engine.workers = random.chance(10) ? random.number(2 ... 3) : 1
    configuration.engine = engine
  }

  /// Bytes of one message that both of the server's windows take with room to gather.
  var messageBytesMax: Int {
    let wire = configuration.limits.wire
    return min(wire.streamCredit, wire.connectionCredit) / 2 - 20
  }
}

import Testing

@testable import Wire

/// A client and a server against each other, from a seed.
struct SimulationTests {
  @Test(arguments: 0 ..< 200)
  func creditIsNeverLostAndEveryCallEndsOnce(seed: Int) {
    var world = Simulation(seed: seed)
    for _ in 0 ..< 300 { world.step() }
    world.settle()
    #expect(world.complaints == [])

    // Whatever is still open has its whole window again: what was consumed was given back.
    for stream in world.server.openStreams where world.due[stream] == nil {
      #expect(
        world.server.streams[stream]?.send.left == world.client.streams[stream]?.receive.size
      )
      if world.server.streams[stream]?.state == .open {
        #expect(
          world.client.streams[stream]?.send.left == world.server.streams[stream]?.receive.size
        )
      }
    }

    world.finish()
    #expect(world.complaints == [])
    #expect(world.server.isQuiet)
    #expect(world.server.openCount == 0)
    #expect(world.client.openStreams == [])
    #expect(world.pongs == world.pings)
    #expect(world.atClient.count == world.atServer.count)
    for (stream, ledger) in world.atClient {
      #expect(ledger.ends == 1 && ledger.bills == 1, "stream \(stream)")
      if !ledger.isCancelled { #expect(ledger.got == world.atServer[stream]?.sent) }
    }
    #expect(world.server.line.send.left == world.client.line.receive.size)
    #expect(world.client.line.send.left == world.server.line.receive.size)
    #expect(world.server.line.receive.left == world.server.line.receive.size)
  }

  @Test func theSameSeedIsTheSameWorld() {
    func trace(_ seed: Int) -> [UInt8] {
      var world = Simulation(seed: seed)
      var trace: [UInt8] = []
      for _ in 0 ..< 100 {
        world.step()
        trace += world.toClient + world.toServer
      }
      return trace
    }
    #expect(trace(7) == trace(7))
    #expect(trace(7) != trace(8))
  }

  @Test func theWorldIsNotEmpty() {
    var calls = 0
    var messages = 0
    var cancels = 0
    for seed in 0 ..< 20 {
      var world = Simulation(seed: seed)
      for _ in 0 ..< 300 { world.step() }
      world.finish()
      calls += world.atClient.count
      messages += world.atClient.values.reduce(0) { $0 + $1.got + $1.sent }
      cancels += world.atClient.values.count { $0.isCancelled }
    }
    #expect(calls > 100)
    #expect(messages > 500)
    #expect(cancels > 10)
  }
}

import MeteClient
import Support
import Testing

/// The scenarios that all clients share, through `MeteClient` against the built daemon with real models.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct ScenarioTests {
  @Test(
    .enabled(if: ModelCache.path("smollm2") != nil, "the models are not fetched"),
    arguments: [0, 1]
  )
  func everyScenarioIsPlayed(over kind: Int) async throws {
    let daemon = try ScenarioDaemon()
    let addresses = try await daemon.addresses
    let scenarios = try Scenario.all
    var failed: [String] = []
    for scenario in scenarios {
      let stage = Stage(daemon, addresses[kind], other: addresses[1 - kind])
      do {
        try await stage.play(scenario)
      } catch {
        failed.append(scenario.name)
        Issue.record("\(scenario.name) over \(addresses[kind]): \(error)\n\(daemon.log)")
      }
      await stage.end()
    }
    try await daemon.control("stop")
    #expect(scenarios.count >= 25)
    print(
      "MeteClient over \(addresses[kind]): \(scenarios.count) scenarios, \(failed.count) failed"
    )
  }

  @Test func theNumbersOfTheScenariosHaveNoGap() throws {
    let numbers = try Scenario.all.map { Int($0.name.prefix(2)) }
    #expect(numbers == (1 ... numbers.count).map { $0 })
  }
}

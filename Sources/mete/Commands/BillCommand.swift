import ArgumentParser
import MeteClient

/// `mete bill`: what an earlier call cost.
struct BillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bill",
    abstract: "Show the bill of an earlier call of yours.",
    discussion: "The daemon remembers the last calls, also those whose connection was lost."
  )

  @Argument(help: "The call's id, as its bill shows it.", transform: CallArguments.callID(parsing:))
  var call: CallID

  @Flag(help: "Write JSON.")
  var json = false

  @OptionGroup var server: ServerArguments

  func run() async throws {
    let client = try await server.connect()
    let bill = try await client.bill(of: call, options: CallOptions(deadline: .seconds(10)))
    await client.close()
    if json {
      try Terminal.write(json: ["bill": bill.value])
    } else {
      try Terminal.write(BillTable(bill).text)
    }
  }
}

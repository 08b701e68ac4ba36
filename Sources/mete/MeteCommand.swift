import ArgumentParser
import Foundation
import MeteClient
import Methods
import Models

/// The command line: every call of the protocol as a subcommand.
@main
struct MeteCommand: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "mete",
    abstract: "Ask a Mete daemon, and see what the answer cost.",
    discussion: """
      Answers go to standard output; the bill and errors go to standard error. With --json both go to \
      standard output, one JSON object per line.

      The daemon's address is --address, or METE_ADDRESS, or unix:/run/mete/mete.sock.

      Exit codes: 0 the call succeeded; 1 it failed, and the error says why; 64 the command line is wrong; \
      69 no daemon answers, or it is going away; 130 interrupted, the bill is shown even so; 141 nobody \
      reads standard output any more.
      """,
    version: version,
    subcommands: [
      GenerateCommand.self, PredictCommand.self, ClassifyCommand.self, StreamCommand.self,
      EmbedCommand.self,
      TokenizeCommand.self, ModelsCommand.self, HealthCommand.self, BillCommand.self,
      CallCommand.self, ConformanceCommand.self, ImportCommand.self, FitCommand.self,
      ProjectionsCommand.self, ExpertsCommand.self, ExitsCommand.self, PackCommand.self,
      UnpackCommand.self,
      HeadsCommand.self, DataCommand.self,
    ]
  )

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as MeteError {
      Terminal.tell(Complaint(error).line)
      exit(withError: Complaint(error).exitCode)
    } catch let error as FormatError {
      Terminal.tell("mete: \(error)\n")
      exit(withError: ExitCode(1))
    } catch let error as DatasetError {
      Terminal.tell("mete: \(error)\n")
      exit(withError: ExitCode(1))
    } catch {
      exit(withError: error)
    }
  }
}

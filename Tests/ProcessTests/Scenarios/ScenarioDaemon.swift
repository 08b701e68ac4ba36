import Foundation
import MeteClient
import Support
import Testing

/// The daemon of a run, which `daemon.py` beside the scenarios starts and ends for the runners of all languages.
struct ScenarioDaemon {
  private let folder: TemporaryFolder
  private let meted: String

  init() throws {
    folder = try TemporaryFolder()
    meted = try Program.meted.path
  }

  /// Has something done to it, and suspends until it is done.
  ///
  /// - Parameter words: `with NAME`, `terminate`, …
  /// - Returns: What was printed.
  /// - Throws: when it could not be done.
  @discardableResult
  func control(_ words: String...) async throws -> String {
    let process = Process()
    let script = "\(Repository.root)/clients/conformance/scenarios/daemon.py"
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder.path, meted] + words
    // Into a file: a daemon that outlives the script must not keep a pipe open.
    let said = "\(folder.path)/said"
    try Data().write(to: URL(fileURLWithPath: said))
    let handle = try #require(FileHandle(forWritingAtPath: said))
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    let code: Int32 = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do {
        try Child.withSignalsOpen { try process.run() }
      } catch {
        continuation.resume(throwing: error)
      }
    }
    try handle.close()
    let text = contents("said")
    guard code == 0 else { throw Surprise("\(words): \(text)") }
    return text
  }

  /// Where it listens: the Unix socket, then TCP.
  var addresses: [Address] {
    get async throws {
      let lines = try await control("addresses").split(separator: "\n")
      guard lines.count == 2, let tcp = Address(hostAndPort: lines[1].dropFirst(4)) else {
        throw Surprise("no addresses: \(lines)")
      }
      return [.unix(path: String(lines[0].dropFirst(5))), tcp]
    }
  }

  /// Where its log lies.
  var log: String { contents("meted.log") }

  private func contents(_ name: String) -> String {
    (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
  }
}

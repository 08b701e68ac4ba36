import ArgumentParser
import Foundation
import MeteClient

/// Standard output for answers, standard error for everything about them; nothing is buffered.
enum Terminal {
  /// Writes a part of the answer.
  ///
  /// - Throws: `ExitCode` 141, as a shell reports SIGPIPE, when nobody reads it; 74 when it cannot be written.
  static func write(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
      if cause.code == Int(EPIPE) { throw ExitCode(141) }
      tell("mete: cannot write to standard output: \(error.localizedDescription)\n")
      throw ExitCode(74)
    }
  }

  /// Writes a line of JSON.
  static func write(json: Value) throws { try write(json.jsonText + "\n") }

  /// Writes to standard error; if nobody listens there, there is nobody left to tell.
  static func tell(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Whether a person watches the answer.
  static var isWatched: Bool { isatty(FileHandle.standardOutput.fileDescriptor) == 1 }
}

import ArgumentParser
import Foundation

/// What is piped into the command.
enum StandardInput {
  /// All of it, without the line break that a shell's `echo` leaves at the end.
  ///
  /// - Parameter unlessTyped: Refuse to wait for a person at a terminal, who more likely forgot an argument.
  /// - Returns: The bytes as they came; nothing is decoded here.
  /// - Throws: `ValidationError` for a terminal; a `CocoaError` when reading fails.
  static func readAll(unlessTyped: Bool) throws -> [UInt8] {
    if unlessTyped, isTerminal {
      throw ValidationError("give the text as an argument, pipe it in, or name - to type it")
    }
    var bytes = [UInt8](try FileHandle.standardInput.readToEnd() ?? Data())
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return bytes
  }

  static var isTerminal: Bool { isatty(FileHandle.standardInput.fileDescriptor) == 1 }

  /// The bytes that come next, as soon as there are any; none at the end.
  ///
  /// A thread of its own blocks in the read, so that tasks go on meanwhile.
  static func next() async -> [UInt8] {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: [UInt8](FileHandle.standardInput.availableData))
      }
    }
  }
}

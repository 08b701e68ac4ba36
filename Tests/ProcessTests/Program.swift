import Foundation
import Testing

/// What these tests run: the two programs as built beside them, and a shell for pipes.
enum Program: String {
  case meted, mete, bash

  /// Where it lies.
  var path: String {
    get throws {
      if self == .bash { return "/bin/bash" }
      let candidates = Self.folders.map { "\($0)/\(rawValue)" }
      let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
      return try #require(found, "build the package, or set METE_BIN; not at \(candidates)")
    }
  }

  /// The folder that METE_BIN names, or those that the test bundle may lie in.
  private static var folders: [String] {
    if let named = ProcessInfo.processInfo.environment["METE_BIN"] { return [named] }
    let bundle = ProcessInfo.processInfo.arguments.filter { $0.hasSuffix(".xctest") }
    let programs =
      bundle + [Bundle.main.executablePath, CommandLine.arguments.first].compactMap(\.self)
    return programs.flatMap { path in
      let folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
      return [folder.path, folder.deletingLastPathComponent().path]
    }
  }
}

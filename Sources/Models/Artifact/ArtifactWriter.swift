internal import Foundation
internal import Tensors

/// Writes an artifact beside its place, and moves it there when all of it is on the disk.
public struct ArtifactWriter {
  /// Bytes that are written at a time.
  private static let chunkBytes = 1 << 20

  private let folder: String
  private var manifest: Manifest
  private let progress: (_ bytes: Int) -> Void

  /// Writes a model as an artifact.
  ///
  /// - Parameters:
  ///   - checkpoint: the opened source.
  ///   - contents: its weights.
  ///   - name: what the model calls itself from now on.
  ///   - weights: how weights were asked to be held.
  ///   - target: the directory to make.
  ///   - replacing: whether an artifact that is there makes way; anything else never does.
  ///   - progress: hears how many bytes of the weights are written.
  /// - Returns: what `mete.json` says.
  /// - Throws: `FormatError`; then nothing has changed.
  public static func write(
    _ checkpoint: Checkpoint,
    _ contents: ArtifactContents,
    name: String,
    weights: String,
    to target: String,
    replacing: Bool,
    progress: @escaping (_ bytes: Int) -> Void
  ) throws(FormatError) -> Manifest {
    guard checkpoint.artifact == nil else {
      throw FormatError(path: checkpoint.path, reason: "is an artifact already; import its source")
    }
    let manifest = Manifest(
      name: name,
      source: Manifest.Source(
        name: URL(fileURLWithPath: checkpoint.path).lastPathComponent,
        format: checkpoint.format,
        sha256: checkpoint.sha256()
      ),
      family: checkpoint.family.name,
      parameters: checkpoint.parameters,
      weights: weights,
      files: [],
      maps: contents.maps.map(\.map),
      tables: contents.tables.compactMap { PackedTable($0.name, $0.matrix) }
    )
    var written = manifest
    try Artifact.kind.write(to: target, replacing: replacing) { folder throws(FormatError) in
      var writer = ArtifactWriter(folder: folder, manifest: manifest, progress: progress)
      try writer.writeWeights(contents)
      try writer.writeCompanions(of: checkpoint)
      let own = try HashedFile(path: "\(folder)/\(Manifest.fileName)")
      try own.write((writer.manifest.json.text() + [0x0A]).span)
      _ = try own.finish(Manifest.fileName)
      // What cannot be read back is not published.
      _ = try Checkpoint.open(path: folder)
      written = writer.manifest
    }
    return written
  }

  /// Writes a file of the artifact and remembers its size and hash.
  private mutating func writeFile(_ name: String, _ bytes: [UInt8]) throws(FormatError) {
    let file = try HashedFile(path: "\(folder)/\(name)")
    try file.write(bytes.span)
    manifest.files.append(try file.finish(name))
  }

  private mutating func writeCompanions(of checkpoint: Checkpoint) throws(FormatError) {
    if checkpoint.format == .gguf {
      let gguf = try GGUF(path: checkpoint.path)
      try writeFile(Manifest.metadataName, gguf.withoutTensors())
      return
    }
    for name in try Artifact.companions(in: checkpoint.path) {
      let limit = Checkpoint.tokenizerBytesMax
      guard let bytes = try readIfPresent("\(checkpoint.path)/\(name)", limit: limit) else {
        continue
      }
      if let slash = name.firstIndex(of: "/") {
        let inner = "\(folder)/\(name[..<slash])"
        try blaming { () throws(TensorsError) in try NewFolder.make(inner) }
        try writeFile(name, bytes)
        try blaming { () throws(TensorsError) in try NewFolder.sync(inner) }
      } else {
        try writeFile(name, bytes)
      }
    }
  }

  private mutating func writeWeights(_ contents: ArtifactContents) throws(FormatError) {
    let file = try HashedFile(path: "\(folder)/\(Manifest.weightsName)")
    try file.write(contents.header().span)
    var written = 0
    for (map, matrix) in contents.maps {
      for start in stride(from: 0, to: map.byteCount, by: Self.chunkBytes) {
        let end = min(start + Self.chunkBytes, map.byteCount)
        try matrix.memory.withBytes(matrix.offset + start ..< matrix.offset + end) {
          (bytes) throws(FormatError) in try file.write(bytes)
        }
        written += end - start
        progress(written)
      }
    }
    for (_, matrix) in contents.tables {
      let rows = max(1, Self.chunkBytes / (4 * matrix.inputs))
      for start in stride(from: 0, to: matrix.outputs, by: rows) {
        let bytes = matrix.storedBytes(ofRows: start ..< min(start + rows, matrix.outputs))
        try file.write(bytes.span)
        written += bytes.count
        progress(written)
      }
    }
    for (_, values) in contents.vectors { try file.write(littleEndian(values).span) }
    manifest.files.append(try file.finish(Manifest.weightsName))
  }
}

/// The numbers as safetensors holds them.
private func littleEndian(_ values: [Float]) -> [UInt8] {
  values.flatMap { value in
    (0 ..< 4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }
}

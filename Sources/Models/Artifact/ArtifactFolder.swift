internal import Tensors

/// An opened artifact: its manifest, and its tensors held against it.
struct ArtifactFolder {
  let manifest: Manifest
  /// Vectors and tables, as they are stored.
  let tensors: [StoredTensor]
  /// Matrices by name, each a part of a packed map.
  let packed: [String: Matrix]
  let weights: Safetensors

  /// Opens a directory that holds `mete.json`; nil if it holds none.
  ///
  /// Sizes, places and shapes are checked, hashes are not: a start reads no weights.
  init?(directory: String) throws(FormatError) {
    let path = "\(directory)/\(Manifest.fileName)"
    guard let file = try ConfigurationFile.ifPresent(path: path, limit: Self.manifestBytesMax)
    else { return nil }
    manifest = try Manifest(file)
    for entry in manifest.files {
      let count = try mapped("\(directory)/\(entry.name)").count
      guard count == entry.bytes else {
        throw FormatError(
          path: "\(directory)/\(entry.name)",
          reason: "has \(count) bytes, not the \(entry.bytes) of \(Manifest.fileName)"
        )
      }
    }
    weights = try Safetensors(path: "\(directory)/\(Manifest.weightsName)")
    var left: [String: StoredTensor] = [:]
    for tensor in weights.tensors { left[tensor.name] = tensor }
    var packed: [String: Matrix] = [:]
    let memory = PackedMemory(weights.file)
    for map in manifest.maps {
      let tensor = try Self.take(map.name, map.byteCount, &left, file)
      let parts = try Self.parts(of: map, tensor, memory)
      for (part, matrix) in zip(map.parts, parts) {
        guard packed.updateValue(matrix, forKey: part.name) == nil else {
          throw file.blame("maps: \(part.name) is a part twice")
        }
      }
    }
    var tensors: [StoredTensor] = []
    for table in manifest.tables { tensors.append(try Self.table(table, &left, file)) }
    tensors += weights.tensors.filter { left[$0.name] != nil }
    for tensor in tensors where packed[tensor.name] != nil {
      throw file.blame("\(tensor.name) is packed and a tensor of its own")
    }
    self.tensors = tensors
    self.packed = packed
  }

  /// Longest `mete.json`, in bytes.
  static let manifestBytesMax = 16 << 20

  /// Takes the tensor of bytes `name`, which must have `bytes` of them.
  private static func take(
    _ name: String,
    _ bytes: Int?,
    _ left: inout [String: StoredTensor],
    _ file: ConfigurationFile
  ) throws(FormatError) -> StoredTensor {
    guard let tensor = left.removeValue(forKey: name) else {
      throw file.blame("\(name) is no tensor of \(Manifest.weightsName), or named twice")
    }
    guard tensor.typeName == "U8", tensor.shape.count == 1, tensor.count == bytes else {
      throw FormatError(
        path: tensor.path,
        offset: tensor.offset,
        reason: "\(name) is \(tensor.typeName) of \(tensor.shape), not \(bytes ?? 0) bytes"
      )
    }
    return tensor
  }

  private static func parts(of map: PackedMap, _ tensor: StoredTensor, _ memory: PackedMemory)
    throws(FormatError) -> [Matrix]
  {
    guard tensor.offset.isMultiple(of: 64) else {
      throw FormatError(
        path: tensor.path,
        offset: tensor.offset,
        reason: "\(map.name) does not begin at a multiple of 64 bytes"
      )
    }
    let matrix = PackedMatrix(
      format: map.format,
      outputs: map.outputs,
      inputs: map.inputs,
      memory: memory,
      offset: tensor.offset
    )
    let outputs = map.parts.map(\.outputs)
    return matrix.parts(outputs: outputs, inputs: map.partInputs, interleaved: map.isInterleaved)
  }

  private static func table(
    _ table: PackedTable,
    _ left: inout [String: StoredTensor],
    _ file: ConfigurationFile
  ) throws(FormatError) -> StoredTensor {
    guard let type = ElementType(rawValue: table.type), table.inputs % type.blockElements == 0
    else { throw file.blame("tables: \(table.name): \(table.inputs) of type \(table.type)") }
    let count = table.outputs * table.inputs
    let tensor = try take(table.name, type.bytes(count: count), &left, file)
    return StoredTensor(
      name: table.name,
      shape: [table.outputs, table.inputs],
      typeName: table.type,
      type: type,
      path: tensor.path,
      file: tensor.file,
      offset: tensor.offset,
      count: count
    )
  }
}

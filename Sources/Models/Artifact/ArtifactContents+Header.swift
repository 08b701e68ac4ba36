internal import Tensors

extension ArtifactContents {
  /// The head of the file of weights, filled up so that the first tensor begins at a multiple of 64 bytes.
  ///
  /// Packed maps come first: each is whole tiles, and a tile a multiple of 64 bytes.
  func header() -> [UInt8] {
    var members: [JSON.Member] = []
    var end = 0
    func add(_ name: String, _ type: String, _ shape: [Int], bytes: Int) {
      let start = end
      end += bytes
      members.append(
        JSON.Member(
          name,
          .object([
            .init("dtype", type), .init("shape", .array(shape.map { .integer($0) })),
            .init("data_offsets", .array([.integer(start), .integer(end)])),
          ])
        )
      )
    }
    for (map, _) in maps { add(map.name, "U8", [map.byteCount], bytes: map.byteCount) }
    for (name, matrix) in tables {
      let (type, bytes) = (matrix.storedType, matrix.storedByteCount)
      if type.blockElements == 1 {
        add(name, type.rawValue, [matrix.outputs, matrix.inputs], bytes: bytes)
      } else {
        add(name, "U8", [bytes], bytes: bytes)
      }
    }
    for (name, values) in vectors { add(name, "F32", [values.count], bytes: 4 * values.count) }
    var text = JSON.object(members).text(depth: 2)
    while !(8 + text.count).isMultiple(of: 64) { text.append(0x20) }
    return (0 ..< 8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
  }
}

extension PackedTable {
  /// Describes a table in blocks; nil for one that safetensors has a type for.
  init?(_ name: String, _ matrix: Matrix) {
    guard matrix.storedType.blockElements > 1 else { return nil }
    self.name = name
    type = matrix.storedType.rawValue
    outputs = matrix.outputs
    inputs = matrix.inputs
  }
}

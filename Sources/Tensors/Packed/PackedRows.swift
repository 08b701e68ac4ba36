/// Some outputs of a packed matrix, read as a matrix of their own: one part of joined maps.
struct PackedRows: Sendable {
  let matrix: PackedMatrix
  /// The tile in which the part begins.
  let firstTile: Int
  /// From one of its tiles to the next: 1, or the number of parts where tiles take turns.
  let tilesApart: Int

  /// The first `inputs` weights of output `index` of the part.
  func row(_ index: Int, inputs: Int) -> ArraySlice<Float> {
    let tile = firstTile + index / 16 * tilesApart
    return matrix.row(tile * 16 + index % 16).prefix(inputs)
  }
}

extension PackedMatrix {
  /// The parts that were joined in it, in order, as `PackingPlan.add` takes them.
  ///
  /// - Parameters:
  ///   - outputs: of each part.
  ///   - inputs: of all parts; what the packed matrix has beyond is padding.
  ///   - interleaved: whether the parts' tiles take turns.
  /// - Returns: views of the same tiles.
  public func parts(outputs: [Int], inputs: Int, interleaved: Bool) -> [Matrix] {
    precondition(inputs <= self.inputs, "\(inputs) inputs of \(self.inputs)")
    precondition(outputs.reduce(0) { $0 + ($1 + 15) / 16 } == tiles, "\(outputs) in \(tiles) tiles")
    precondition(!interleaved || outputs.allSatisfy { $0 == outputs[0] })
    var tile = 0
    return outputs.enumerated().map { turn, count in
      defer { tile += (count + 15) / 16 }
      let rows = PackedRows(
        matrix: self,
        firstTile: interleaved ? turn : tile,
        tilesApart: interleaved ? outputs.count : 1
      )
      return Matrix(outputs: count, inputs: inputs, rows)
    }
  }

  /// The packed matrix whose parts these are, all of them and in order; nil if they are not.
  ///
  /// So what was packed once, and split to be read, is served without packing it again.
  public init?(joining parts: [Matrix], interleaved: Bool, inputs: Int) {
    guard let whole = parts.first?.packedRows?.matrix, whole.inputs == inputs else { return nil }
    var tile = 0
    for (turn, part) in parts.enumerated() {
      guard let rows = part.packedRows, rows.matrix.isSame(as: whole),
        rows.tilesApart == (interleaved ? parts.count : 1),
        rows.firstTile == (interleaved ? turn : tile)
      else { return nil }
      tile += (part.outputs + 15) / 16
    }
    guard tile == whole.tiles else { return nil }
    self = whole
  }

  private func isSame(as other: PackedMatrix) -> Bool {
    memory === other.memory && offset == other.offset && format == other.format
      && outputs == other.outputs && inputs == other.inputs
  }
}

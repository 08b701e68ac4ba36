public import Tensors

/// A packed map of an artifact: which matrices were joined in it, and how it lies in memory.
public struct PackedMap: Sendable, Equatable {
  /// Most matrices that are joined in a map.
  public static let partsMax = 8

  /// A matrix that is a part of the map.
  public struct Part: Sendable, Equatable {
    /// What it is called.
    public var name: String
    /// Its rows.
    public var outputs: Int
  }

  /// What the map is called.
  public var name: String
  /// How its weights are stored.
  public var format: WeightFormat
  /// Columns, padding included.
  public var inputs: Int
  /// Columns of the parts.
  public var partInputs: Int
  /// Whether the tiles of the parts take turns.
  public var isInterleaved: Bool
  /// In order.
  public var parts: [Part]

  /// Tiles of all parts.
  public var tiles: Int { parts.reduce(0) { $0 + ($1.outputs + 15) / 16 } }
  /// Bytes of all tiles.
  public var byteCount: Int { tiles * format.tileBytes(inputs: inputs) }
  /// Rows of the packed matrix: of one part its own, of several whole tiles each.
  public var outputs: Int { parts.count == 1 ? parts[0].outputs : tiles * 16 }

  /// Describes a packed matrix, whose parts are these.
  public init(
    _ name: String,
    _ matrix: PackedMatrix,
    isInterleaved: Bool = false,
    parts: [(name: String, matrix: Matrix)]
  ) {
    self.name = name
    format = matrix.format
    inputs = matrix.inputs
    partInputs = parts[0].matrix.inputs
    self.isInterleaved = isInterleaved
    self.parts = parts.map { Part(name: $0.name, outputs: $0.matrix.outputs) }
    precondition(byteCount == matrix.byteCount, "\(name): \(byteCount) of \(matrix.byteCount)")
  }
}

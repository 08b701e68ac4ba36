import CKernels

/// A linear map's weights as tiles of 16 outputs, ready for the kernels; shared and constant.
public struct PackedMatrix: Sendable {
  /// How the weights are stored.
  public let format: WeightFormat
  /// Rows: the length of a product.
  ///
  /// Of joined matrices, each one's rounded up to whole tiles.
  public let outputs: Int
  /// Columns: the length of what is multiplied.
  public let inputs: Int
  /// Where its tiles begin.
  public let offset: Int
  /// What its tiles lie in.
  public let memory: PackedMemory

  /// Takes tiles that lie in `memory`.
  ///
  /// - Precondition: all tiles lie inside it, at a multiple of 64 bytes.
  public init(format: WeightFormat, outputs: Int, inputs: Int, memory: PackedMemory, offset: Int) {
    self.format = format
    self.outputs = outputs
    self.inputs = inputs
    self.memory = memory
    self.offset = offset
    precondition(
      offset >= 0 && offset.isMultiple(of: 64) && offset + byteCount <= memory.count,
      "\(byteCount) bytes at \(offset) of \(memory.count)"
    )
  }

  /// Tiles of 16 outputs.
  public var tiles: Int { (outputs + 15) / 16 }
  /// Bytes of all tiles.
  public var byteCount: Int { tiles * format.tileBytes(inputs: inputs) }

  /// Some of its outputs, as a matrix in the same memory.
  ///
  /// - Parameter range: of outputs; begins with a tile.
  /// - Returns: a view whose products have the bits that the whole's have there.
  public func part(_ range: Range<Int>) -> PackedMatrix {
    precondition(
      range.lowerBound.isMultiple(of: 16) && range.lowerBound >= 0 && range.upperBound <= outputs,
      "outputs \(range) of \(outputs)"
    )
    return PackedMatrix(
      format: format,
      outputs: range.count,
      inputs: inputs,
      memory: memory,
      offset: offset + range.lowerBound / 16 * format.tileBytes(inputs: inputs)
    )
  }

  var matrix: ck_matrix {
    ck_matrix(
      format: format.code,
      outputs: outputs,
      inputs: inputs,
      tiles: UnsafePointer((memory.base + offset).assumingMemoryBound(to: UInt8.self))
    )
  }

  /// The weights of one output as floats: (inputs).
  public func row(_ index: Int) -> [Float] {
    precondition((0 ..< outputs).contains(index), "row \(index) of \(outputs)")
    var matrix = matrix
    return withExtendedLifetime(memory) {
      [Float](unsafeUninitializedCapacity: inputs) { target, initialized in
        ck_unpack_row(&matrix, index, target.baseAddress)
        initialized = inputs
      }
    }
  }
}

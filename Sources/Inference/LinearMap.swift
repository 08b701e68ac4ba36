import Models
import Tensors

/// A linear map of a served model: its packed weights, its bias, and what a row through it costs.
struct LinearMap: Sendable {
  let matrix: PackedMatrix
  /// As long as the product, padding of joined parts included.
  let bias: [Float]?
  /// Multiply-accumulates of one row: outputs × inputs of the parts, without padding.
  let macs: Int
}

extension Workers {
  /// A product, counted: the one call through which all matrix work of a model goes.
  func run(
    _ map: LinearMap,
    _ x: RowBuffer,
    adding: Bool = false,
    into y: RowBuffer,
    part: Part,
    counters: inout Work
  ) {
    multiply(map.matrix, x, bias: map.bias, adding: adding, into: y)
    counters.count(part, x.rows * map.macs)
  }
}

/// Collects the maps of a model while their matrices are planned, and builds them once these are packed.
struct LinearMaps {
  private var plan = PackingPlan()
  private var pending: [(macs: Int, bias: [Float]?)] = []
  private let wanted: WeightFormat?
  private let automatic: (Matrix) -> WeightFormat

  /// - Parameters:
  ///   - wanted: the format of all maps; nil leaves it to `automatic`.
  ///   - automatic: the format that fits how a matrix is stored.
  init(wanted: WeightFormat?, automatic: @escaping (Matrix) -> WeightFormat) {
    self.wanted = wanted
    self.automatic = automatic
  }

  /// Adds maps that read the same rows; their outputs stand one after the other, each beginning a tile.
  mutating func add(
    _ parts: [Matrix],
    biases: [[Float]?] = [],
    as format: WeightFormat? = nil,
    interleaved: Bool = false,
    inputs: Int? = nil
  ) -> Int {
    pending.append(
      (
        parts.reduce(0) { $0 + $1.outputs * $1.inputs },
        Self.joined(biases, of: parts, interleaved: interleaved)
      )
    )
    let format = format ?? wanted ?? automatic(parts[0])
    return plan.add(
      parts,
      as: fitting(format, parts[0]),
      interleaved: interleaved,
      inputs: inputs
    )
  }

  /// Packs everything that was added; the maps have the indices that `add` gave.
  func built(by workers: Workers) -> [LinearMap] {
    zip(plan.pack(workers), pending).map {
      LinearMap(matrix: $0, bias: $1.bias, macs: $1.macs)
    }
  }

  /// Sums of very long rows do not fit a byte-quantized row's 32 bits.
  private func fitting(_ format: WeightFormat, _ matrix: Matrix) -> WeightFormat {
    format == .int8 && matrix.inputs > WeightFormat.int8InputsMax ? .int8Group : format
  }

  private static func joined(
    _ biases: [[Float]?],
    of parts: [Matrix],
    interleaved: Bool
  ) -> [Float]? {
    guard biases.contains(where: { $0 != nil }) else { return nil }
    guard parts.count > 1 else { return biases[0] }
    let padded = zip(parts, biases).map { part, bias in
      let own = bias ?? [Float](repeating: 0, count: part.outputs)
      return own + [Float](repeating: 0, count: LinearMaps.columns(of: part) - part.outputs)
    }
    guard interleaved else { return padded.flatMap { $0 } }
    return stride(from: 0, to: padded[0].count, by: 16).flatMap { tile in
      padded.flatMap { $0[tile ..< tile + 16] }
    }
  }

  /// Columns that a part of joined maps takes: whole tiles.
  static func columns(of part: Matrix) -> Int { (part.outputs + 15) / 16 * 16 }
}

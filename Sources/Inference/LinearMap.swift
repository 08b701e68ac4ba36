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
  /// A product, counted: the one call through which all matrix work of a model goes, but for that of experts.
  ///
  /// What the dense model would not do `isExtra`; or only for `extraRows` of the rows.
  func run(
    _ map: LinearMap,
    _ x: RowBuffer,
    adding: Bool = false,
    into y: RowBuffer,
    part: Part,
    isExtra: Bool = false,
    extraRows: Int = 0,
    counters: inout Work
  ) {
    multiply(map.matrix, x, bias: map.bias, adding: adding, into: y)
    counters.count(
      part,
      x.rows * map.macs,
      dense: isExtra ? 0 : (x.rows - extraRows) * map.macs
    )
  }
}

/// Collects the maps of a model while their matrices are planned, and builds them once these are packed.
struct LinearMaps {
  private var plan = PackingPlan()
  /// A map to be; one without `ready` is the next of the plan.
  private struct Pending {
    var macs: Int
    var bias: [Float]?
    var ready: PackedMatrix?
  }
  private var pending: [Pending] = []
  /// Whether parts lie packed, but not as this engine joins them.
  private(set) var hasMisfit = false
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
    let ready = PackedMatrix(
      joining: parts,
      interleaved: interleaved,
      inputs: inputs ?? parts[0].inputs
    )
    pending.append(
      Pending(
        macs: parts.reduce(0) { $0 + $1.outputs * $1.inputs },
        bias: Self.joined(biases, of: parts, interleaved: interleaved),
        ready: ready
      )
    )
    if ready != nil { return pending.count - 1 }
    if parts.contains(where: \.isPacked) { hasMisfit = true }
    let format = format ?? wanted ?? automatic(parts[0])
    _ = plan.add(
      parts,
      as: fitting(format, parts[0]),
      interleaved: interleaved,
      inputs: inputs
    )
    return pending.count - 1
  }

  /// Packs what was added and is not packed already; the maps have the indices that `add` gave.
  ///
  /// - Throws: `FormatError` without a path if the maps of an artifact were joined in another way.
  func built(by workers: Workers) throws(FormatError) -> [LinearMap] {
    guard !hasMisfit else {
      throw FormatError(path: "", reason: "joins its maps in another way; import the model anew")
    }
    var packed = plan.pack(workers).makeIterator()
    return pending.map { map in
      guard let matrix = map.ready ?? packed.next() else {
        preconditionFailure("\(pending.count) maps, but fewer were planned")
      }
      return LinearMap(matrix: matrix, bias: map.bias, macs: map.macs)
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

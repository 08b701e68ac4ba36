import CKernels

/// What of a model is packed, and how: matrices are added, then all are packed into one piece of memory.
public struct PackingPlan: Sendable {
  /// One packed matrix to be.
  struct Entry: Sendable {
    var parts: [Matrix]
    var format: WeightFormat
    var isInterleaved: Bool
    var inputs: Int
    var offset: Int

    var tiles: Int { parts.reduce(0) { $0 + ($1.outputs + 15) / 16 } }
    var byteCount: Int { tiles * format.tileBytes(inputs: inputs) }
    /// One matrix keeps its outputs; joined ones take whole tiles each.
    var outputs: Int { parts.count == 1 ? parts[0].outputs : tiles * 16 }
  }

  private(set) var entries: [Entry] = []
  /// Bytes of everything that was added.
  public private(set) var byteCount = 0

  /// Starts empty.
  public init() {}

  /// Adds a matrix, or matrices of the same inputs that are multiplied together.
  ///
  /// - Parameters:
  ///   - parts: their outputs stand one after the other, each part beginning a tile.
  ///   - format: how the weights are stored.
  ///   - interleaved: whether the parts' tiles take turns instead: gate, up, gate, up.
  ///   - inputs: how many it takes, if that is more than the parts have; the weights of the others are 0.
  /// - Returns: its index in what `pack` gives back.
  public mutating func add(
    _ parts: [Matrix],
    as format: WeightFormat,
    interleaved: Bool = false,
    inputs: Int? = nil
  ) -> Int {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.inputs == parts[0].inputs })
    let inputs = inputs ?? parts[0].inputs
    precondition(inputs >= parts[0].inputs, "\(inputs) inputs hold no \(parts[0].inputs)")
    precondition(!interleaved || parts.allSatisfy { $0.outputs == parts[0].outputs })
    precondition(format != .int8 || inputs <= WeightFormat.int8InputsMax)
    let entry = Entry(
      parts: parts,
      format: format,
      isInterleaved: interleaved,
      inputs: inputs,
      offset: byteCount
    )
    entries.append(entry)
    byteCount += entry.byteCount
    return entries.count - 1
  }

  /// Packs everything.
  ///
  /// - Parameter workers: share the work.
  /// - Returns: the packed matrices in the order in which they were added, all in one memory.
  public func pack(_ workers: Workers) -> [PackedMatrix] {
    let memory = PackedMemory(count: byteCount)
    for entry in entries { entry.pack(into: memory.base + entry.offset, workers) }
    return entries.map {
      PackedMatrix(
        format: $0.format,
        outputs: $0.outputs,
        inputs: $0.inputs,
        memory: memory,
        offset: $0.offset
      )
    }
  }
}

extension PackingPlan.Entry {
  /// Rows that are decoded at a time, whole tiles.
  private static let rowsAtOnce = 2048

  fileprivate func pack(into target: UnsafeMutableRawPointer, _ workers: Workers) {
    let tileBytes = format.tileBytes(inputs: inputs)
    guard isInterleaved else {
      var place = target
      for part in parts {
        pack(part, into: place, workers)
        place += (part.outputs + 15) / 16 * tileBytes
      }
      return
    }
    let tiles = (parts[0].outputs + 15) / 16
    let memory = PackedMemory(count: tiles * tileBytes)
    for (turn, part) in parts.enumerated() {
      pack(part, into: memory.base, workers)
      for tile in 0 ..< tiles {
        (target + (tile * parts.count + turn) * tileBytes)
          .copyMemory(from: memory.base + tile * tileBytes, byteCount: tileBytes)
      }
    }
  }

  private func pack(_ part: Matrix, into target: UnsafeMutableRawPointer, _ workers: Workers) {
    let tileBytes = format.tileBytes(inputs: inputs)
    for first in stride(from: 0, to: part.outputs, by: Self.rowsAtOnce) {
      let rows = first ..< min(first + Self.rowsAtOnce, part.outputs)
      let tiles = (target + first / 16 * tileBytes).assumingMemoryBound(to: UInt8.self)
      func run(_ blockBytes: Int, _ weights: UnsafeRawPointer) {
        ck_run_pack(workers.crew, format.code, blockBytes, weights, rows.count, inputs, tiles)
      }
      if let stored = part.stored, format.keeps(stored.type), part.inputs == inputs {
        stored.withBytes(rows) { run(stored.type.blockBytes, $0) }
      } else {
        padded(part.values(ofRows: rows), from: part.inputs).withUnsafeBytes {
          if let start = $0.baseAddress { run(0, start) }
        }
      }
    }
  }
}

extension PackingPlan.Entry {
  /// Rows of `narrow` numbers, filled up with zeros.
  private func padded(_ values: [Float], from narrow: Int) -> [Float] {
    guard narrow < inputs else { return values }
    let zeros = [Float](repeating: 0, count: inputs - narrow)
    return stride(from: 0, to: values.count, by: narrow).flatMap {
      values[$0 ..< $0 + narrow] + zeros
    }
  }
}

extension WeightFormat {
  /// Whether blocks of `type` are held as they are.
  func keeps(_ type: ElementType) -> Bool {
    switch (self, type) {
    case (.int8Group, .q8_0), (.int4Group, .q4_0), (.int4Group, .q4_1): true
    default: false
    }
  }
}

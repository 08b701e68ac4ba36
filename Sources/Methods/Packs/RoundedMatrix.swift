/// A matrix as signed bytes, with a scale for each row: within half a scale of what it was.
struct RoundedMatrix: Sendable, Equatable {
  /// (rows · columns), −127...127.
  let bytes: [Int8]
  /// (rows).
  let scales: [Float]

  /// Rounds a matrix.
  ///
  /// - Parameters:
  ///   - values: (rows · columns), finite.
  ///   - columns: at least 1.
  init(_ values: [Float], columns: Int) {
    precondition(
      columns > 0 && values.count % columns == 0,
      "\(values.count) numbers in rows of \(columns)"
    )
    var (bytes, scales) = ([Int8](), [Float]())
    bytes.reserveCapacity(values.count)
    for first in stride(from: 0, to: values.count, by: columns) {
      let row = values[first ..< first + columns]
      let scale = row.reduce(0) { max($0, abs($1)) } / 127
      scales.append(scale)
      for value in row { bytes.append(scale > 0 ? Int8((value / scale).rounded()) : 0) }
    }
    (self.bytes, self.scales) = (bytes, scales)
  }

  /// A matrix from its parts.
  init(bytes: [Int8], scales: [Float]) {
    precondition(
      scales.isEmpty ? bytes.isEmpty : bytes.count % scales.count == 0,
      "\(scales.count) rows"
    )
    (self.bytes, self.scales) = (bytes, scales)
  }

  /// (rows · columns).
  var values: [Float] {
    let columns = bytes.count / max(1, scales.count)
    return bytes.indices.map { Float(bytes[$0]) * scales[$0 / columns] }
  }
}

internal import Models
import Tensors

/// What exit heads read of the tokens of some texts, computed once: the backbone under them is frozen.
///
/// float32: 4 · exits · width bytes for each token, 27.6 kB for six exits of SmolLM2-135M.
struct TokenFeatures: Sendable {
  /// Tokens of each text.
  let lengths: [Int]
  /// The label of each text.
  let labels: [Int]
  /// The first token of each text, and behind them how many there are.
  let starts: [Int]
  /// Numbers of a row.
  let width: Int
  /// For each exit (tokens, width).
  private var rows: [[Float]]
  /// What was done to each number of a row at each exit: (exits) of (width).
  private(set) var scales: [FeatureScale]

  /// Runs texts through the backbone, but for those that an earlier run kept.
  ///
  /// - Parameters:
  ///   - pass: the backbone.
  ///   - texts: with one label each.
  ///   - layers: of the exits.
  ///   - crew: of one thread or more.
  ///   - stages: where rows are kept.
  ///   - hears: is told how many texts are done.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  init(
    _ pass: DecoderPass,
    _ texts: [TokenizedText],
    layers: [Int],
    _ crew: Crew<Float>,
    _ stages: RunStages = .unkept,
    hears: (Int) -> Void
  ) throws(FormatError) {
    let width = pass.featureWidth
    lengths = texts.map(\.tokens.count)
    labels = texts.map { $0.labels[0] }
    starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    self.width = width
    let count = starts[texts.count] * width
    var rows = layers.map { _ in
      var values: [Float] = []
      values.reserveCapacity(count)
      return values
    }
    try DecoderRounds(texts).each(
      crew,
      stages,
      "rows",
      as: .lists,
      hears: hears,
      { batch, tape in
        pass.hidden(batch, after: layers, tape).map { pass.features($0, batch, tape).values }
      },
      takes: { found in for exit in found.indices { rows[exit] += found[exit] } }
    )
    scales = rows.map { FeatureScale(rows: $0, width: width) }
    self.rows = rows
  }

  /// Bytes that it holds.
  var bytes: Int { rows.reduce(0) { $0 + 4 * $1.count } }

  /// Brings every number of a row to mean 0 and deviation 1 at each exit, which makes learning quick; `TokenHeads.rescaled`
  /// undoes it in the heads.
  mutating func standardize() {
    for exit in rows.indices { scales[exit].apply(to: &rows[exit]) }
  }

  /// The rows of some texts at an exit, on a tape: (tokens, width).
  func variable(_ texts: ArraySlice<Int>, exit: Int, _ tape: Tape<Float>) -> Variable<Float> {
    let tokens = texts.reduce(0) { $0 + lengths[$1] }
    var values: [Float] = []
    values.reserveCapacity(tokens * width)
    for text in texts {
      values += rows[exit][starts[text] * width ..< starts[text + 1] * width]
    }
    return tape.input(values, rows: tokens, columns: width)
  }
}

/// The mean of every number of a row, and how far it lies from it.
struct FeatureScale: Sendable, Equatable {
  /// (width).
  let means: [Float]
  /// (width), the roots of the variances, and 1 where that is 0.
  let deviations: [Float]

  /// Measures rows.
  ///
  /// - Parameters:
  ///   - rows: (tokens, width), at least one.
  ///   - width: numbers of a row.
  init(rows: [Float], width: Int) {
    var sums = [Double](repeating: 0, count: width)
    var squares = sums
    let count = Double(max(1, rows.count / width))
    for start in stride(from: 0, to: rows.count, by: width) {
      for place in 0 ..< width {
        let value = Double(rows[start + place])
        sums[place] += value
        squares[place] += value * value
      }
    }
    means = sums.map { Float($0 / count) }
    deviations = zip(sums, squares).map { sum, square in
      let variance = max(0, square / count - sum / count * (sum / count))
      return variance > 1e-12 ? Float(variance.squareRoot()) : 1
    }
  }

  fileprivate func apply(to rows: inout [Float]) {
    let width = means.count
    for start in stride(from: 0, to: rows.count, by: width) {
      for place in 0 ..< width {
        rows[start + place] = (rows[start + place] - means[place]) / deviations[place]
      }
    }
  }
}

extension TokenHeads<Float> {
  /// The heads that give for rows as they are what these give for rows brought to `scales`.
  ///
  /// w · (x − mean) / deviation + b is another linear map of x.
  ///
  /// - Parameter scales: of every exit.
  /// - Returns: heads of their own, which may be frozen and changed apart from these.
  func rescaled(from scales: [FeatureScale]) -> TokenHeads {
    precondition(scales.count == exits, "\(scales.count) scales of \(exits) exits")
    let moved = maps.indices.map { exit -> DenseParameters<Float> in
      let (scale, map) = (scales[exit], maps[exit])
      var (weights, biases) = (map.weight.values, map.bias.values)
      for output in 0 ..< classes {
        var shift = 0.0
        for place in 0 ..< width {
          let index = output * map.weight.columns + place
          weights[index] /= scale.deviations[place]
          shift += Double(weights[index]) * Double(scale.means[place])
        }
        biases[output] = Float(Double(biases[output]) - shift)
      }
      let matrix = Matrix(outputs: classes, inputs: map.weight.columns, values: weights)
      return DenseParameters("exits.\(exit).head", .init(matrix: matrix, bias: biases))
    }
    return TokenHeads(
      layers: layers,
      width: width,
      classes: classes,
      isJoined: isJoined,
      maps: moved,
      norms: norms,
      logWeights: logWeights,
      biases: biases
    )
  }
}

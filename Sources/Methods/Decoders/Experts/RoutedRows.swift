internal import Models
import Tensors

/// What routers of a frozen decoder learn from: what goes into every feed-forward layer, and how strong each expert's
/// output is, for some tokens; computed once.
struct RoutedRows: Sendable {
  /// For every layer (rows, width).
  private(set) var inputs: [[Float]]
  /// For every layer (rows, experts).
  private(set) var norms: [[Float]]
  /// Tokens.
  private(set) var count = 0
  let width: Int
  let experts: Int

  /// Bytes that one token takes.
  static func bytes(layers: Int, width: Int, experts: Int) -> Int { 4 * layers * (width + experts) }

  /// Reads texts, but for those that an earlier run kept.
  ///
  /// - Parameters:
  ///   - texts: token by token, at least one each.
  ///   - pass: the model, its neurons in order.
  ///   - layers: experts of it; their routers are not asked.
  ///   - crew: does the work.
  ///   - stages: where rows are kept.
  ///   - hears: is told how many texts are done.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  init(
    _ texts: [[Int32]],
    _ pass: DecoderPass,
    _ layers: ExpertLayers,
    _ crew: Crew<Float>,
    _ stages: RunStages,
    hears: (Int) -> Void
  ) throws(FormatError) {
    width = pass.configuration.width
    experts = layers.count
    inputs = .init(repeating: [], count: pass.layers.count)
    norms = inputs
    var rest = texts[...]
    while !rest.isEmpty {
      let some = Array(rest.prefix(8 * crew.count))
      rest = rest.dropFirst(8 * crew.count)
      let parts = try stages.kept("rows-\(count)", as: .lists) {
        Self.read(some, pass, layers, crew).filter { !$0.isEmpty }
      }
      // What goes in and the norms, layer after layer.
      for part in parts {
        for layer in inputs.indices {
          inputs[layer] += part[2 * layer]
          norms[layer] += part[2 * layer + 1]
        }
      }
      count += some.reduce(0) { $0 + $1.count }
      hears(texts.count - rest.count)
    }
  }

  private static func read(
    _ texts: [[Int32]],
    _ pass: DecoderPass,
    _ layers: ExpertLayers,
    _ crew: Crew<Float>
  ) -> [[[Float]]] {
    crew.map { index, tape -> [[Float]] in
      tape.isRecording = false
      defer { tape.isRecording = true }
      let own = stride(from: index, to: texts.count, by: crew.count).map { texts[$0] }
      guard !own.isEmpty else { return [] }
      var batch = TokenBatch()
      for text in own { batch.add(text) }
      var part: [[Float]] = []
      _ = pass.hidden(batch, after: [pass.layers.count], tape) { ffn in
        part += [ffn.input.values, layers.norms(ffn, tape).values]
        return ffn.neurons
      }
      return part
    }
  }

  /// Some rows of a layer, on a tape: what goes in, and the norms.
  func variables(
    _ places: ArraySlice<Int>,
    layer: Int,
    _ tape: Tape<Float>
  ) -> (input: Variable<Float>, norms: Variable<Float>) {
    func grid(_ values: [Float], _ columns: Int) -> Variable<Float> {
      var picked: [Float] = []
      picked.reserveCapacity(places.count * columns)
      for place in places { picked += values[place * columns ..< (place + 1) * columns] }
      return tape.input(picked, rows: places.count, columns: columns)
    }
    return (grid(inputs[layer], width), grid(norms[layer], experts))
  }
}

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

  /// Reads texts.
  ///
  /// - Parameters:
  ///   - texts: token by token, at least one each.
  ///   - pass: the model, its neurons in order.
  ///   - layers: experts of it; their routers are not asked.
  ///   - crew: does the work.
  ///   - hears: is told how many texts are done.
  init(
    _ texts: [[Int32]],
    _ pass: DecoderPass,
    _ layers: ExpertLayers,
    _ crew: Crew<Float>,
    hears: (Int) -> Void
  ) {
    width = pass.configuration.width
    experts = layers.count
    inputs = .init(repeating: [], count: pass.layers.count)
    norms = inputs
    var rest = texts[...]
    while !rest.isEmpty {
      let some = Array(rest.prefix(8 * crew.count))
      rest = rest.dropFirst(8 * crew.count)
      let parts = crew.map { index, tape -> (inputs: [[Float]], norms: [[Float]]) in
        tape.isRecording = false
        defer { tape.isRecording = true }
        let own = stride(from: index, to: some.count, by: crew.count).map { some[$0] }
        var part = (inputs: [[Float]](), norms: [[Float]]())
        guard !own.isEmpty else { return part }
        var batch = TokenBatch()
        for text in own { batch.add(text) }
        _ = pass.hidden(batch, after: [pass.layers.count], tape) { ffn in
          part.inputs.append(ffn.input.values)
          part.norms.append(layers.norms(ffn, tape).values)
          return ffn.neurons
        }
        return part
      }
      for part in parts {
        for (layer, values) in part.inputs.enumerated() { inputs[layer] += values }
        for (layer, values) in part.norms.enumerated() { norms[layer] += values }
      }
      count += some.reduce(0) { $0 + $1.count }
      hears(texts.count - rest.count)
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

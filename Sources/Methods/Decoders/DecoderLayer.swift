import Models
import Tensors

/// A linear map that stays as it is.
struct FrozenMap: Sendable {
  /// (outputs, inputs).
  let weight: Parameter<Float>
  /// (1, outputs), where there is one.
  let bias: Parameter<Float>?

  init(_ name: String, _ matrix: Matrix, _ bias: [Float]?) {
    weight = .frozen(Parameter("\(name).weight", matrix))
    self.bias = bias.map { .frozen(Parameter("\(name).bias", $0)) }
  }

  func callAsFunction(_ x: Variable<Float>, _ tape: Tape<Float>) -> Variable<Float> {
    tape.linear(x, tape.variable(weight), bias.map { tape.variable($0) })
  }

  var parameters: [Parameter<Float>] { [weight] + (bias.map { [$0] } ?? []) }
}

/// A norm that stays as it is: by the root mean square, or where it has a bias a layer norm.
struct FrozenNorm: Sendable {
  /// (1, width).
  let gain: Parameter<Float>
  /// (1, width), where there is one.
  let bias: Parameter<Float>?

  init(_ name: String, _ gain: [Float], _ bias: [Float]? = nil) {
    self.gain = .frozen(Parameter("\(name).weight", gain))
    self.bias = bias.map { .frozen(Parameter("\(name).bias", $0)) }
  }

  func callAsFunction(
    _ x: Variable<Float>,
    epsilon: Float,
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    let gain = tape.variable(gain)
    guard let bias else { return tape.rmsNorm(x, gain: gain, epsilon: epsilon) }
    return tape.layerNorm(x, gain: gain, bias: tape.variable(bias), epsilon: epsilon)
  }

  var parameters: [Parameter<Float>] { [gain] + (bias.map { [$0] } ?? []) }
}

/// One layer of a decoder whose weights stay as they are, decoded to float32.
struct DecoderLayer: Sendable {
  let attentionNorm: FrozenNorm
  let query, key, value, output: FrozenMap
  /// Of every query and key head, where the family has them.
  let queryNorm, keyNorm: FrozenNorm?
  let ffnNorm: FrozenNorm
  /// nil where the feed-forward layer is plain.
  let gate: FrozenMap?
  let up, down: FrozenMap

  init(_ layer: LlamaLayer, _ index: Int) {
    func name(_ part: String) -> String { "layers.\(index).\(part)" }
    attentionNorm = .init(name("attentionNorm"), layer.attentionNorm, layer.attentionNormBias)
    query = .init(name("query"), layer.query, layer.queryBias)
    key = .init(name("key"), layer.key, layer.keyBias)
    value = .init(name("value"), layer.value, layer.valueBias)
    output = .init(name("output"), layer.output, layer.outputBias)
    queryNorm = layer.queryNorm.map { .init(name("queryNorm"), $0) }
    keyNorm = layer.keyNorm.map { .init(name("keyNorm"), $0) }
    ffnNorm = .init(name("ffnNorm"), layer.ffnNorm, layer.ffnNormBias)
    gate = layer.gate.map { .init(name("gate"), $0, layer.gateBias) }
    up = .init(name("up"), layer.up, layer.upBias)
    down = .init(name("down"), layer.down, layer.downBias)
  }

  var parameters: [Parameter<Float>] {
    let maps = [query, key, value, output] + (gate.map { [$0] } ?? []) + [up, down]
    let norms = [attentionNorm, ffnNorm] + [queryNorm, keyNorm].compactMap { $0 }
    return maps.flatMap(\.parameters) + norms.flatMap(\.parameters)
  }
}

extension Parameter {
  /// The same parameter, which stays as it is from now on.
  static func frozen(_ parameter: Parameter) -> Parameter {
    parameter.isFrozen = true
    return parameter
  }
}

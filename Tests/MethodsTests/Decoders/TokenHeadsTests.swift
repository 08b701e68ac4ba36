import Models
import Support
import Tensors
import Testing

@testable import Methods

/// METHODS §7(e) for heads at every token.
struct TokenHeadsTests {
  private func heads(isJoined: Bool = true) -> TokenHeads<Double> {
    TokenHeads(layers: [1, 2, 4], width: 5, classes: 3, isJoined: isJoined, seed: 4)
  }

  private func rows(_ tape: Tape<Double>, seed: UInt64) -> Variable<Double> {
    var random = SplitMix64(seed: seed)
    let values = (0 ..< 20).map { _ in Double(random.next() >> 11) / 0x1p53 * 2 - 1 }
    return tape.input(values, rows: 4, columns: 5)
  }

  private func logits(_ heads: TokenHeads<Double>, _ tape: Tape<Double>) -> [Variable<Double>] {
    var all: [Variable<Double>] = []
    for exit in 0 ..< heads.exits {
      let x = rows(tape, seed: UInt64(exit))
      all.append(heads.logits(exit: exit, x, before: all.last, tape))
    }
    return all
  }

  /// What is not asked for an own loss gets no gradient: neither earlier heads nor later ones.
  @Test(arguments: 0 ..< 3)
  func aHeadLearnsFromItsOwnLossAlone(exit: Int) {
    let (heads, tape) = (heads(), Tape<Double>())
    tape.backward(from: tape.crossEntropy(logits(heads, tape)[exit], [0, 1, 2, 1]))
    for parameter in heads.headParameters {
      let isOwn = parameter.name.hasPrefix("exits.\(exit).")
      let isMoved = tape.gradient(of: parameter)?.contains { $0 != 0 } ?? false
      #expect(isMoved == isOwn, "\(parameter.name) for a loss of exit \(exit)")
    }
  }

  /// Ensembles move nothing but themselves, not even heads that are not frozen.
  @Test func anEnsembleLearnsAlone() {
    let (heads, tape) = (heads(), Tape<Double>())
    let all = logits(heads, tape)
    let scores = heads.scores(exit: 1, Array(all[0 ... 1]), tape)
    tape.backward(from: tape.crossEntropy(scores, [0, 1, 2, 1]))
    for parameter in heads.headParameters { #expect(tape.gradient(of: parameter) == nil) }
    for parameter in heads.ensembleParameters {
      let isMoved = tape.gradient(of: parameter)?.contains { $0 != 0 } ?? false
      #expect(isMoved == parameter.name.hasPrefix("exits.1."), "\(parameter.name)")
    }
  }

  @Test func gradientsAreTheDifferences() {
    let heads = heads()
    func headLoss(_ tape: Tape<Double>) -> Variable<Double> {
      tape.crossEntropy(logits(heads, tape)[1], [0, 1, 2, 1])
    }
    func ensembleLoss(_ tape: Tape<Double>) -> Variable<Double> {
      let all = logits(heads, tape)
      return tape.crossEntropy(heads.scores(exit: 1, Array(all[0 ... 1]), tape), [0, 1, 2, 1])
    }
    // Apart from each other, for an ensemble depends on heads that it sends no gradient to.
    check(heads.headParameters.filter { $0.name.hasPrefix("exits.1.") }, headLoss)
    check(heads.ensembleParameters.filter { $0.name.hasPrefix("exits.1.") }, ensembleLoss)
  }

  private func check(
    _ parameters: [Parameter<Double>],
    _ loss: (Tape<Double>) -> Variable<Double>
  ) {
    let tape = Tape<Double>()
    tape.backward(from: loss(tape))
    for parameter in parameters {
      let gradient = tape.gradient(of: parameter) ?? []
      #expect(gradient.count == parameter.count)
      for place in gradient.indices {
        let values = parameter.values
        func at(_ step: Double) -> Double {
          parameter.values[place] = values[place] + step
          defer { parameter.values = values }
          return loss(Tape<Double>()).scalar
        }
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5
        #expect(abs(difference - gradient[place]) < 1e-8, "\(parameter.name) \(place)")
      }
    }
  }

  @Test func freshEnsemblesAreGeometricMeans() {
    let (heads, tape) = (heads(), Tape<Double>())
    let all = logits(heads, tape)
    for exit in 0 ..< 2 {
      let found = heads.scores(exit: exit, Array(all[0 ... exit]), tape).values
      let ensemble = GeometricEnsemble(exits: exit + 1, classes: 3)
      for row in 0 ..< 4 {
        let own = all[0 ... exit].map { $0.values[row * 3 ..< row * 3 + 3] }
        let expected = ensemble.scores(own)
        for place in 0 ..< 3 { #expect(abs(found[row * 3 + place] - expected[place]) < 1e-12) }
      }
    }
    // The backbone's own head is joined with nothing.
    #expect(heads.scores(exit: 2, all, tape).values == all[2].values)
  }

  /// SDN is the same with nothing in the columns of the cascade, and no ensemble.
  @Test func withoutACascadeItIsSDN() {
    let (joined, plain, tape) = (heads(), heads(isJoined: false), Tape<Double>())
    for (own, other) in zip(joined.maps, plain.maps) {
      let columns = own.weight.columns
      let values = own.weight.values
      own.weight.values = values.indices.map { $0 % columns < 5 ? values[$0] : 0 }
      other.weight.values = own.weight.values.enumerated().filter { $0.offset % columns < 5 }
        .map(\.element)
    }
    let (a, b) = (logits(joined, tape), logits(plain, tape))
    for exit in 0 ..< 3 {
      #expect(zip(a[exit].values, b[exit].values).allSatisfy { abs($0 - $1) < 1e-12 })
    }
    #expect(plain.ensembleParameters.isEmpty)
    #expect(plain.scores(exit: 0, [b[0]], tape).values == b[0].values)
  }

  /// Heads taught on rows of mean 0 and deviation 1 say the same about the rows as they are.
  @Test func rescalingChangesNothing() throws {
    let model = try TinyDecoder("llama-f32")
    let (heads, pass, tape) = (model.heads(scale: 1), model.pass, TinyDecoder.tape)
    let texts = model.texts([9, 4, 11]).map {
      TokenizedText(tokens: $0, types: [Int32](repeating: 0, count: $0.count), labels: [0])
    }
    let crew = Crew<Float>(count: 1)
    let plain = try TokenFeatures(pass, texts, layers: heads.layers, crew) { _ in }
    var standard = plain
    standard.standardize()
    let moved = heads.rescaled(from: standard.scales)
    let chosen = Array(texts.indices)[...]
    var (own, other): ([Variable<Float>], [Variable<Float>]) = ([], [])
    for exit in 0 ..< heads.exits {
      let x = plain.variable(chosen, exit: exit, tape)
      let y = standard.variable(chosen, exit: exit, tape)
      own.append(moved.logits(exit: exit, x, before: own.last, tape))
      other.append(heads.logits(exit: exit, y, before: other.last, tape))
      #expect(zip(own[exit].values, other[exit].values).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    let values = standard.variable(chosen, exit: 1, tape).values
    let first = stride(from: 0, to: values.count, by: pass.featureWidth).map { values[$0] }
    #expect(abs(first.reduce(0, +) / Float(first.count)) < 1e-4)
    #expect(abs(first.reduce(0) { $0 + $1 * $1 } / Float(first.count) - 1) < 1e-3)
  }

  @Test func weightsOfATextSumToOne() {
    for length in [1, 5, 30] {
      for weighting in [HeadSettings.Weighting.texts, .rising] {
        let weights = (0 ..< length).map { TokenLoss.weight($0, of: length, weighting) }
        #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
        #expect(zip(weights, weights.dropFirst()).allSatisfy { $0 <= $1 })
      }
    }
    #expect(TokenLoss.weight(3, of: 9, .tokens) == 1)
  }
}

import Support
import Testing

@testable import Tensors

/// Layers of which every row runs some experts, held against whole layers whose other neurons are 0.
struct ExpertProductTests {
  /// A layer, packed.
  private struct Layer {
    let up, down: PackedMatrix
    let upBias, downBias: [Float]
    let activation: RowActivation

    init(
      experts: Int,
      size: Int,
      width: Int,
      gated: Bool,
      _ format: WeightFormat,
      _ workers: Workers,
      _ random: inout SplitMix64
    ) {
      let neurons = experts * size
      func matrix(_ outputs: Int, _ inputs: Int) -> Matrix {
        Matrix(outputs: outputs, inputs: inputs, values: numbers(outputs * inputs, &random))
      }
      var plan = PackingPlan()
      let parts = (0 ..< (gated ? 2 : 1)).map { _ in matrix(neurons, width) }
      _ = plan.add(parts, as: format, interleaved: gated)
      _ = plan.add([matrix(width, neurons)], as: format)
      let packed = plan.pack(workers)
      (up, down) = (packed[0], packed[1])
      upBias = numbers(up.outputs, &random)
      downBias = numbers(width, &random)
      let plain: [RowActivation] = [.relu, .geluErf, .geluTanh]
      activation = gated ? .siluGate : plain[Int.random(in: 0 ..< 3, using: &random)]
    }

    /// All of the layer, with the neurons of experts that do not run set to 0.
    func whole(_ x: RowBuffer, _ masks: [Bool], _ size: Int, _ workers: Workers) -> RowBuffer {
      let raised = RowBuffer(width: up.outputs), neurons = RowBuffer(width: down.inputs)
      workers.multiply(up, x, bias: upBias, into: raised)
      let given = activation == .siluGate ? neurons : raised
      workers.activate(activation, raised, into: given)
      let experts = given.width / size
      for row in 0 ..< given.rows {
        var own = given.row(row)
        for place in own.indices where !masks[row * experts + place / size] { own[place] = 0 }
        given.setRow(row, own)
      }
      let y = RowBuffer(width: down.outputs)
      workers.multiply(down, given, bias: downBias, into: y)
      return y
    }

    /// All of the layer, masked on the way by the kernels themselves.
    func masked(_ x: RowBuffer, _ chosen: ChosenExperts, _ workers: Workers) -> RowBuffer {
      let raised = RowBuffer(width: up.outputs), neurons = RowBuffer(width: down.inputs)
      workers.multiply(up, x, bias: upBias, into: raised)
      let given = activation == .siluGate ? neurons : raised
      chosen.readAll()
      workers.activate(activation, raised, of: chosen, into: given, for: down.format)
      let y = RowBuffer(width: down.outputs)
      workers.multiply(down, given, bias: downBias, into: y)
      return y
    }

    /// The experts that run, and nothing else.
    func some(_ x: RowBuffer, _ chosen: ChosenExperts, _ workers: Workers) -> RowBuffer {
      let raised = RowBuffer(width: up.outputs), neurons = RowBuffer(width: down.inputs)
      // What was there before must not matter.
      raised.resize(rows: x.rows)
      for row in 0 ..< x.rows { raised.setRow(row, .init(repeating: .nan, count: up.outputs)) }
      workers.multiply(up, x, bias: upBias, into: chosen, raised)
      let given = activation == .siluGate ? neurons : raised
      workers.activate(activation, raised, of: chosen, into: given, for: down.format)
      let y = RowBuffer(width: down.outputs)
      workers.multiply(down, given, bias: downBias, from: chosen, into: y)
      return y
    }
  }

  private func bits(_ rows: RowBuffer) -> [[UInt32]] {
    (0 ..< rows.rows).map { rows.row($0).map(\.bitPattern) }
  }

  /// Odd numbers of experts, so that pairs of them share a group of 32 and the last has none to share with; more rows than a
  /// panel, and more experts than a word of bits.
  @Test(arguments: ProductTests.cases)
  func someExpertsGiveTheBitsOfTheWholeLayer(_ one: ProductTests.Case) {
    var random = SplitMix64(seed: 21)
    let workers = (1 ... 3).map { Workers(count: $0, kernels: one.set) }
    for (experts, size, width) in [
      (1, 16, 33), (5, 16, 64), (7, 48, 40), (6, 32, 130), (131, 16, 96),
    ] {
      for gated in [false, true] {
        let layer = Layer(
          experts: experts,
          size: size,
          width: width,
          gated: gated,
          one.format,
          workers[0],
          &random
        )
        let chosen = ChosenExperts(experts: experts, size: size)
        for rows in [1, 4, 13, 70] {
          let x = buffer(rows, width, &random)
          let share = Double.random(in: 0 ... 1, using: &random)
          var masks = (0 ..< rows * experts).map { _ in
            Double.random(in: 0 ..< 1, using: &random) < share
          }
          // A row of nothing, and one of everything.
          for expert in 0 ..< experts where rows > 4 {
            masks[expert] = false
            masks[experts + expert] = true
          }
          chosen.choose(masks)
          #expect(chosen.pairs == masks.count { $0 })
          let union = (0 ..< experts).count { expert in
            (0 ..< rows).contains { masks[$0 * experts + expert] }
          }
          #expect(chosen.union == union)
          #expect(chosen.isAll == masks.allSatisfy { $0 })
          let whole = layer.whole(x, masks, size, workers[0])
          // Computed whole, a layer needs no lists.
          #expect(bits(layer.masked(x, chosen, workers[1])) == bits(whole))
          chosen.choose(masks)
          chosen.list(for: one.format)
          for crew in workers {
            let some = layer.some(x, chosen, crew)
            #expect(
              bits(some) == bits(whole),
              "\(experts) of \(size), \(rows) rows, gated \(gated)"
            )
          }
        }
      }
    }
  }

  @Test(arguments: KernelSet.runnable.map(\.name))
  func expertsAreChosenRelativeToTheStrongest(_ name: String) throws {
    let set = try #require(KernelSet.runnable.first { $0.name == name })
    let workers = Workers(count: 1, kernels: set)
    var random = SplitMix64(seed: 22)
    for experts in [1, 15, 16, 17, 96] {
      let chosen = ChosenExperts(experts: experts, size: 16)
      let predictions = buffer(40, experts, &random)
      let thresholds = (0 ..< 40).map { Float($0 % 11) / 10 }
      chosen.choose(predictions, thresholds: thresholds, workers)
      for row in 0 ..< 40 {
        let own = predictions.row(row).map(abs)
        let most = own.max() ?? 0
        for expert in 0 ..< experts {
          let wanted = own[expert] >= thresholds[row] * most
          #expect(chosen.runs(expert, row: row) == wanted, "\(own[expert]) of \(most)")
        }
        #expect(chosen.count(row: row) >= 1)
        if thresholds[row] == 0 { #expect(chosen.count(row: row) == experts) }
        if thresholds[row] == 1 { #expect(chosen.count(row: row) == 1) }
      }
    }
  }

  @Test func whereNothingIsSaidAgainstAnyAllRun() {
    let workers = Workers(count: 1)
    let chosen = ChosenExperts(experts: 20, size: 16)
    let predictions = RowBuffer(width: 20)
    predictions.resize(rows: 3)
    predictions.setRow(0, .init(repeating: 0, count: 20))
    predictions.setRow(1, (0 ..< 20).map { $0 == 7 ? .nan : Float($0) })
    predictions.setRow(2, (0 ..< 20).map { $0 == 7 ? -.infinity : Float($0) })
    chosen.choose(predictions, thresholds: [0.5, 0.5, 0.5], workers)
    #expect(chosen.count(row: 0) == 20)
    #expect(chosen.count(row: 1) == 20)
    #expect(chosen.count(row: 2) == 1 && chosen.runs(7, row: 2))
  }

  /// A row's answer has the same bits whoever else is in the batch and whatever experts they run.
  @Test(arguments: WeightFormat.allCases)
  func companyChangesNoBit(_ format: WeightFormat) {
    var random = SplitMix64(seed: 23)
    let workers = Workers(count: 2)
    let layer = Layer(
      experts: 12,
      size: 16,
      width: 80,
      gated: false,
      format,
      workers,
      &random
    )
    let x = buffer(17, 80, &random)
    let masks = (0 ..< 17 * 12).map { _ in Bool.random(using: &random) }
    let chosen = ChosenExperts(experts: 12, size: 16)
    chosen.choose(masks)
    chosen.list(for: format)
    let all = bits(layer.some(x, chosen, workers))
    let alone = RowBuffer(width: 80)
    alone.resize(rows: 1)
    for row in 0 ..< 17 {
      alone.setRow(0, from: x, row: row)
      chosen.choose(Array(masks[row * 12 ..< (row + 1) * 12]))
      chosen.list(for: format)
      #expect(bits(layer.some(alone, chosen, workers)) == [all[row]])
    }
  }
}

import Inference
import Models
import Support

/// A request that comes at a turn of its own, in pieces, and may leave before its end.
struct Guest {
  let request: Request
  let pieces: [Piece]
  /// The turn at which its first piece comes; the others follow one by one.
  let comes: Int
  /// Whether somebody cancels it on the way.
  let leaves: Bool

  init(_ number: UInt64, using random: inout SplitMix64) {
    let tokens = randomTokens(Int.random(in: 1 ... 70, using: &random), using: &random)
    let tenant = "t\(Int.random(in: 0 ... 2, using: &random))"
    let slots = Int.random(in: 1 ... 6, using: &random)
    comes = Int.random(in: 0 ... 12, using: &random)
    leaves = Int.random(in: 0 ..< 4, using: &random) == 0
    let budget =
      Bool.random(using: &random) ? nil : Int.random(in: 2_000_000 ... 40_000_000, using: &random)
    let effort = Double.random(in: 0 ... 1.2, using: &random).clamped
    switch Int.random(in: 0 ..< 10, using: &random) {
    case 7, 8, 9:
      let isOnLanguage = Bool.random(using: &random)
      var stream = StreamParameters()
      stream.policy = StreamPolicy.allCases.randomElement(using: &random)
      stream.window = Int.random(in: 3 ... 20, using: &random)
      stream.stride = Int.random(in: 1 ... 3, using: &random)
      stream.text = Bool.random(using: &random)
      if Bool.random(using: &random) {
        let label = isOnLanguage ? "wet" : TinyFrugal.encoderLabel
        stream.watch = .init(label: label, above: 0.4, tokens: 2)
      }
      request = .test(
        number,
        .classifyStream(stream),
        on: isOnLanguage ? Workbench.language : Workbench.encoder,
        tenant: tenant,
        effort: effort,
        macsMax: budget.map { isOnLanguage ? $0 / 20 : $0 },
        slots: slots
      )
      let cut = Int.random(in: 1 ... tokens.count, using: &random)
      pieces = stride(from: 0, to: tokens.count, by: cut).map {
        .tokens(tokens[$0 ..< min($0 + cut, tokens.count)].map { isOnLanguage ? $0 : $0 % 80 })
      }
    case 0:
      let task = Request.Task.embed(EncodeParameters())
      request = .test(number, task, on: Workbench.encoder, tenant: tenant, slots: slots)
      pieces = [.tokens(tokens.prefix(60).map { $0 % 80 })]
    case 1, 2:
      var predict = PredictParameters()
      predict.candidates = Int.random(in: 1 ... 4, using: &random)
      predict.tokensMax = tokens.count
      request = .test(number, .predict(predict), tenant: tenant, slots: slots)
      let cut = Int.random(in: 1 ... tokens.count, using: &random)
      pieces = stride(from: 0, to: tokens.count, by: cut).map {
        .tokens(Array(tokens[$0 ..< min($0 + cut, tokens.count)]))
      }
    case 3, 4:
      var classify = EncodeParameters()
      classify.eachPiece = true
      request = .test(
        number,
        .classify(classify),
        on: Workbench.encoder,
        tenant: tenant,
        effort: effort,
        macsMax: budget,
        slots: slots
      )
      let cut = Int.random(in: 1 ... tokens.count, using: &random)
      pieces = stride(from: 0, to: tokens.count, by: cut).map {
        .tokens(tokens[$0 ..< min($0 + cut, tokens.count)].map { $0 % 80 })
      }
    default:
      var generate = GenerateParameters()
      generate.tokensMax = Int.random(in: 1 ... 30, using: &random)
      generate.ignoresEnd = true
      generate.sampling.temperature = Bool.random(using: &random) ? 0 : 1
      generate.sampling.seed = number
      request = .test(number, .generate(generate), tenant: tenant, slots: slots)
      pieces = [.tokens(tokens)]
    }
  }

  /// What the engine is told of it at `turn`.
  func orders(at turn: Int) -> [Order] {
    guard turn >= comes, turn - comes < pieces.count else { return [] }
    var orders: [Order] = turn == comes ? [.open(request)] : []
    orders.append(.input(request.id, pieces[turn - comes], weight: 1))
    if turn - comes == pieces.count - 1 { orders.append(.endOfInput(request.id)) }
    return orders
  }

  /// What the engine is told when nobody else is there.
  var orders: [Order] {
    (0 ..< pieces.count).flatMap { orders(at: comes + $0) }
  }
}

extension Double {
  /// At most 1, so that some efforts are whole.
  fileprivate var clamped: Double { min(1, self) }
}

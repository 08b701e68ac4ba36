import Inference
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// The engine classifies a stream as a plain decoder with caches would, token by token, and bills what that takes.
struct StreamServingTests {
  private let model: TinyDecoder
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    model = try TinyDecoder(path: "\(folder.path)/llama")
  }

  private func served(_ heads: TokenHeads<Float>) throws -> ServedModel {
    var checkpoint = try Checkpoint.open(path: "\(folder.path)/llama")
    checkpoint.frugal = FrugalParts(tokens: TokenExits(heads))
    return try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32)
  }

  /// Verdicts and the bill of one stream, its tokens in pieces of `piece`.
  private func answers(
    _ served: ServedModel,
    _ tokens: [Int32],
    _ rule: ExitRule,
    _ policy: StreamPolicy,
    piece: Int = 100
  ) throws -> (verdicts: [Verdict], bill: Bill) {
    var parameters = StreamParameters()
    parameters.special = false
    parameters.policy = policy
    parameters.explicit.threshold = rule.threshold
    parameters.explicit.firstExit = rule.first + 1
    let id = SequenceID(1)
    var engine = Engine(models: [served], clock: { .zero })
    let request = Request(
      id: id,
      tenant: "t",
      model: "m",
      task: .classifyStream(parameters),
      arrived: .zero
    )
    var found: [Verdict] = []
    var ending: Bill?
    func run(_ orders: [Order]) throws {
      var next = orders
      repeat {
        let emissions = engine.turn(next)
        next = emissions.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
        for emission in emissions {
          switch emission {
          case .verdict(_, let verdict): found.append(verdict)
          case .ended(_, let outcome, let bill):
            #expect(outcome == .finished(.complete))
            ending = bill
          default: break
          }
        }
      } while engine.hasWork || !next.isEmpty
    }
    try run([.open(request)])
    for start in stride(from: 0, to: tokens.count, by: piece) {
      let part = Array(tokens[start ..< min(tokens.count, start + piece)])
      try run([.input(id, .tokens(part), weight: 1)])
    }
    try run([.endOfInput(id)])
    #expect(
      engine.booksBalance && engine.load == Load.empty(of: engine),
      "\(engine.load) \(rule) \(policy) \(piece) \(tokens.count)"
    )
    return (found, try #require(ending))
  }

  private static let rules = [
    ExitRule(threshold: 0), ExitRule(threshold: 0.5), ExitRule(threshold: 0.6),
    ExitRule(threshold: 0.75), ExitRule(threshold: 1), ExitRule(threshold: 0.6, first: 1),
    ExitRule(threshold: 0, first: 1), ExitRule(threshold: 0, first: 2),
  ]

  @Test(arguments: [true, false])
  func verdictsAreThoseOfAPlainDecoder(isJoined: Bool) throws {
    let heads = model.heads(isJoined: isJoined, scale: 12)
    let served = try served(heads)
    var exits: Set<Int> = []
    for (number, rule) in Self.rules.enumerated() {
      for tokens in model.texts([1, 7, 40], seed: UInt64(number)) {
        let oracle = TokenByToken(model: model, heads: heads, rule: rule).answers(tokens)
        for piece in [1, 3, 100] {
          let found = try answers(served, tokens, rule, .propagate, piece: piece)
          #expect(found.verdicts.map(\.position) == Array(tokens.indices))
          #expect(found.verdicts.map { $0.layer - 1 } == oracle.map(\.exit), "\(rule)")
          for (verdict, wanted) in zip(found.verdicts, oracle) {
            #expect(verdict.scores.first?.label == "\(wanted.label)")
            #expect(
              abs((verdict.scores.first?.score ?? 0) - wanted.confidence) < 1e-4,
              "\(rule) \(verdict.position) \(verdict.layer) piece \(piece) of \(tokens.count)"
            )
          }
        }
        exits.formUnion(oracle.map(\.exit))
      }
    }
    #expect(exits == [0, 1, 2], "some leave everywhere")
  }

  @Test func deferredVerdictsAreThoseOfTheWholePass() throws {
    let heads = model.heads(scale: 12)
    let served = try served(heads)
    let policy = DecoderPolicyPass(model.pass, heads)
    for (number, rule) in Self.rules.enumerated() {
      for tokens in model.texts([1, 7, 40], seed: UInt64(number)) {
        let wanted = policy.dense(model.batch([tokens]), TinyDecoder.tape).deferred(rule)
        for piece in [1, 3, 100] {
          let found = try answers(served, tokens, rule, .defer, piece: piece)
          #expect(found.verdicts.map { $0.layer - 1 } == wanted.exits, "\(rule)")
          #expect(found.verdicts.map { $0.scores.first?.label } == wanted.classes.map { "\($0)" })
        }
      }
    }
  }

  /// Recounted from where tokens left, by the shapes alone.
  @Test(arguments: StreamPolicy.allCases, [true, false])
  func theBillIsWhatTokensTookAndOwed(policy: StreamPolicy, isJoined: Bool) throws {
    let heads = model.heads(isJoined: isJoined, scale: 12)
    let exits = TokenExits(heads)
    let served = try served(heads)
    for (number, rule) in Self.rules.enumerated() {
      for tokens in model.texts([1, 7, 40], seed: UInt64(number)) {
        var (bills, layers) = ([Work](), [Int]())
        for piece in [1, 3, 100] {
          let found = try answers(served, tokens, rule, policy, piece: piece)
          let wanted = recount(found.verdicts.map(\.layer), exits, rule, policy)
          #expect(found.verdicts.map(\.macs) == wanted, "\(rule), \(policy), pieces of \(piece)")
          #expect(found.bill.work.macsTotal == wanted.last)
          #expect(found.verdicts.last?.macsDense == found.bill.work.macsDense)
          #expect(found.bill.work.tokensOut == tokens.count)
          bills.append(found.bill.work)
          layers = found.verdicts.map(\.layer)
        }
        #expect(Set(bills.map(\.macsTotal)).count == 1)
        #expect(bills.allSatisfy { $0 == bills[0] }, "however the tokens came")
        let cost = StreamCost(model.configuration, heads)
        let dense = cost.dense(tokens: tokens.count)
        #expect(bills[0].macsDense == dense)
        var verdicts = TokenVerdicts(lengths: [tokens.count])
        verdicts.exits = layers.map { $0 - 1 }
        #expect(bills[0].macsTotal == verdicts.macs(cost, from: rule.first, policy))
      }
    }
  }

  /// What has been spent after each token.
  private func recount(
    _ layers: [Int],
    _ exits: TokenExits,
    _ rule: ExitRule,
    _ policy: StreamPolicy
  ) -> [Int] {
    let cost = Cost(model.configuration)
    func layer(_ position: Int) -> Int { cost.attention(positions: position + 1) + cost.experts }
    var (depths, sum, sums) = ([Int](), 0, [Int]())
    for (position, depth) in layers.enumerated() {
      sum += depth * layer(position)
      let place = exits.layers.firstIndex(of: depth) ?? 0
      for exit in exits.firstHead(for: rule) ... place {
        sum += exits.cost(at: exit, isAsked: exit >= rule.first)
      }
      for earlier in depths.indices where depths[earlier] < depth {
        for _ in depths[earlier] ..< depth {
          sum += policy == .propagate ? cost.keysAndValues : layer(earlier)
        }
        depths[earlier] = depth
      }
      depths.append(depth)
      sums.append(sum)
    }
    return sums
  }
}

extension TokenExits {
  /// What is served of heads that are in memory.
  init(_ heads: TokenHeads<Float>) {
    self.init(
      layers: heads.layers,
      heads: heads.layers.indices.map { exit in
        Head(
          norm: heads.norms[exit].map {
            LayerNorm(gain: $0.gain.values, bias: $0.bias.values)
          },
          map: Dense(
            matrix: Matrix(
              outputs: heads.classes,
              inputs: heads.maps[exit].weight.columns,
              values: heads.maps[exit].weight.values
            ),
            bias: heads.maps[exit].bias.values
          )
        )
      },
      ensembles: heads.logWeights.indices.map { exit in
        GeometricEnsemble(
          logWeights: heads.logWeights[exit].values.map(Double.init),
          bias: heads.biases[exit].values.map(Double.init)
        )
      },
      labels: (0 ..< heads.classes).map { "\($0)" },
      epsilon: 1e-5,
      tokensMax: 64,
      modelName: "m",
      modelSHA256: "",
      points: [],
      chosen: [:]
    )
  }
}

extension Load {
  /// What an engine holds that serves nobody: pages, none of them used.
  fileprivate static func empty(of engine: Engine) -> Load {
    var load = Load()
    load.pages = engine.load.pages
    return load
  }
}

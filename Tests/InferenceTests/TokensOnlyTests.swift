import Inference
import Models
import Support
import Testing

/// A model whose tokenizer is of a kind that we do not know takes tokens, and says what it lacks.
struct TokensOnlyTests {
  private let folder: TemporaryFolder
  private let model: ServedModel

  init() throws {
    folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/qwen2"))
    let file = String(decoding: Fixtures.bytes("\(folder.path)/tokenizer.json"), as: UTF8.self)
    let unknown = file.replacing("\"NFC\"", with: "\"NFKC\"")
    #expect(unknown != file)
    _ = try folder.write(Array(unknown.utf8), to: "tokenizer.json")
    model = try ServedModel(name: "qwen2", checkpoint: Checkpoint.open(path: folder.path))
  }

  /// How a request ends, and what it gave before.
  private func run(_ task: Request.Task, _ pieces: [Piece]) throws -> (Outcome, [Emission]) {
    var engine = Engine(models: [model], limits: EngineLimits(), clock: { .zero })
    let request = Request.test(1, task, on: "qwen2")
    var orders: [Order] = [.open(request)]
    orders += pieces.map { .input(request.id, $0, weight: 1) } + [.endOfInput(request.id)]
    var emissions: [Emission] = []
    repeat {
      let turn = engine.turn(orders)
      emissions += turn
      orders = turn.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
    } while engine.hasWork || !orders.isEmpty
    #expect(engine.booksBalance)
    let endings = emissions.compactMap { emission -> Outcome? in
      if case .ended(_, let outcome, _) = emission { outcome } else { nil }
    }
    return (try #require(endings.first), emissions)
  }

  @Test func tokensAreServed() throws {
    var parameters = GenerateParameters()
    parameters.tokensMax = 20
    let (outcome, emissions) = try run(.generate(parameters), [.tokens([5, 6, 7])])
    guard case .finished(let finish) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    let tokens = emissions.compactMap { emission -> GeneratedToken? in
      if case .token(_, let token) = emission { token } else { nil }
    }
    #expect(!tokens.isEmpty && tokens.allSatisfy { $0.text.isEmpty })
    // The configuration's own ends are known without the tokenizer.
    let ended = [0, 2].contains(tokens[tokens.count - 1].token)
    #expect(finish == (ended ? .endOfText : .length))
    let (predicted, _) = try run(.predict(PredictParameters()), [.tokens([5, 6])])
    #expect(predicted == .finished(.complete))
  }

  @Test func textIsRefusedByTheNameOfWhatIsMissing() throws {
    var chat = GenerateParameters()
    chat.format = .chat(system: nil)
    var stops = GenerateParameters()
    stops.stops = [Array(".".utf8)]
    let text = Piece.text(Array("the".utf8))
    let asked: [(Request.Task, [Piece])] = [
      (.tokenize(special: true), []), (.generate(chat), []), (.generate(stops), [.tokens([5])]),
      (.generate(GenerateParameters()), [text]), (.predict(PredictParameters()), [text]),
    ]
    for (task, pieces) in asked {
      let (outcome, _) = try run(task, pieces)
      guard case .refused(let refusal) = outcome else {
        Issue.record("\(task): \(outcome)")
        continue
      }
      #expect(refusal.code == .unsuitableModel)
      #expect(refusal.text.contains("tokens only, not text: normalizer \"NFKC\" is not supported"))
    }
  }
}

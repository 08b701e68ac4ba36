import Foundation
import Inference
import Models
import Support
import Testing

/// A model, and the same imported and opened again.
struct Imported {
  let folder: TemporaryFolder
  let path: String
  let source: ServedModel
  let opened: ServedModel

  init(_ model: String, _ weights: WeightChoice) throws {
    folder = try TemporaryFolder()
    path = "\(folder.path)/model.mete"
    let checkpoint = try Checkpoint.open(path: model)
    source = try ServedModel(name: "m", checkpoint: checkpoint, weights: weights)
    _ = try source.write(to: path)
    opened = try ServedModel(name: "m", checkpoint: Checkpoint.open(path: path))
  }
}

/// One model and one call.
enum ArtifactBench {
  enum Call { case predict, embed, classify }

  /// Every number of the answer.
  static func results(of model: ServedModel, _ call: Call, _ tokens: [Int32]) -> [Float] {
    let task: Request.Task =
      switch call {
      case .predict: .predict(PredictParameters())
      case .embed: .embed(EncodeParameters())
      case .classify: .classify(EncodeParameters())
      }
    var engine = Engine(models: [model], limits: EngineLimits(), clock: { .zero })
    var orders = whole(.test(1, task, on: model.name), .tokens(tokens))
    var numbers: [Float] = []
    repeat {
      let turn = engine.turn(orders)
      for emission in turn {
        switch emission {
        case .prediction(_, let found):
          numbers += found.candidates.flatMap { [Float($0.token), $0.logProbability] }
        case .embedding(_, _, let vector): numbers += vector
        case .labels(_, _, let scores): numbers += scores.map(\.score)
        default: break
        }
      }
      orders = turn.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
    } while engine.hasWork || !orders.isEmpty
    #expect(engine.booksBalance)
    return numbers
  }
}

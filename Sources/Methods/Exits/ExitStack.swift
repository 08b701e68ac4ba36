import Models
import Tensors

/// The exits of an encoder: heads after some of its layers, and what each makes of all opinions so far.
struct ExitStack: Sendable {
  typealias Pooling = LearnedExits.Pooling

  /// How many layers a text has gone through at each exit: ascending, below the model's layers.
  let layers: [Int]
  /// What they read.
  let pooling: Pooling
  /// One for each exit.
  let heads: [ExitHead<Float>]
  /// One for each exit; empty if heads answer by themselves.
  var ensembles: [GeometricEnsemble]

  /// All that is learned of the heads, in order.
  var parameters: [Parameter<Float>] { heads.flatMap(\.parameters) }

  /// Multiply-accumulates of one text: all heads and ensembles up to an exit.
  ///
  /// - Parameter exit: how many of them, from the first.
  /// - Returns: the sum over them.
  func cost(ofFirst exit: Int) -> Int {
    let joined = ensembles.isEmpty ? 0 : (0 ..< exit).reduce(0) { $0 + ($1 + 1) * classes }
    return heads.prefix(exit).reduce(0) { $0 + $1.cost } + joined
  }

  /// Classes of the answers.
  var classes: Int { heads.first?.classifier.weight.rows ?? 0 }
}

import Foundation
internal import Models
import Tensors

/// Where a run of several stages keeps what each of them learned, until its target is there.
///
/// The folder `TARGET.run`, in it a `TrainingState` for each stage. A run that was interrupted takes over stages that were
/// done, goes on in the one that was not, and so ends with the same bits.
struct RunStages {
  /// The folder; nil keeps nothing.
  let path: String?
  /// What tells this run from others; a state with other notes is not taken.
  let notes: [(name: String, value: String)]
  /// Is told after every step.
  let hears: (FrugalProgress) -> Void

  /// Keeps nothing.
  static var unkept: RunStages { RunStages(path: nil, notes: []) { _ in } }

  /// The file that says which pass a folder is of.
  private static let passName = "pass"

  /// Makes the folder if there is none.
  ///
  /// - Parameters:
  ///   - target: beside which it lies.
  ///   - pass: what runs, by the name of its command.
  ///   - notes: what the run follows from.
  ///   - hears: is told after every step.
  /// - Throws: `FormatError` if what lies there is not of this pass, or the system refuses.
  init(
    beside target: String,
    of pass: String,
    notes: [(name: String, value: String)],
    hears: @escaping (FrugalProgress) -> Void
  ) throws(FormatError) {
    let path = "\(target).run"
    if FileManager.default.fileExists(atPath: path) {
      let own = "\(path)/\(Self.passName)"
      guard (try? String(contentsOfFile: own, encoding: .utf8)) == pass else {
        throw TrainingState.foreign(path, to: pass)
      }
    } else {
      try Self.make(path, of: pass)
    }
    self.init(path: path, notes: notes, hears: hears)
  }

  /// Makes a folder that says from its first moment whose it is.
  private static func make(_ path: String, of pass: String) throws(FormatError) {
    let folder = try blaming { () throws(TensorsError) in try NewFolder.afresh(path) }
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    do {
      try Data(pass.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(passName)"))
    } catch {
      throw FormatError(path: path, reason: "cannot be made; \(error.localizedDescription)")
    }
    try blaming { () throws(TensorsError) in try folder.publish(replacing: false) }
  }

  private init(
    path: String?,
    notes: [(name: String, value: String)],
    hears: @escaping (FrugalProgress) -> Void
  ) {
    (self.path, self.notes, self.hears) = (path, notes, hears)
  }

  /// Where something of this run is kept; nil if nothing is.
  func place(_ name: String) -> String? { path.map { "\($0)/\(name)" } }

  /// Makes all steps of a stage that were not made.
  ///
  /// - Parameters:
  ///   - name: of the stage, which its folder has.
  ///   - what: for a progress bar.
  ///   - parameters: that learn, all of them with `optimizer`.
  ///   - optimizer: what learns them.
  ///   - stepsTotal: of the stage.
  ///   - step: makes the step of that number, and says what its loss was.
  /// - Throws: `FormatError` if the state is another run's, or cannot be written.
  func learn(
    _ name: String,
    _ what: String,
    _ parameters: [Parameter<Float>],
    _ optimizer: AdamW<Float>,
    stepsTotal: Int,
    step: (Int) throws(FormatError) -> Double
  ) throws(FormatError) {
    let run = TrainingState.Run(parameters: parameters, optimizer: optimizer, notes: notes)
    try run.finish(place(name), stepsTotal, what, hears) { () throws(FormatError) in
      guard optimizer.stepCount < stepsTotal else { return nil }
      return (try step(optimizer.stepCount), 0)
    }
  }

  /// Removes the folder: its target is there.
  func end() {
    if let path { try? FileManager.default.removeItem(atPath: path) }
  }
}

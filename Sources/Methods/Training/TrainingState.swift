import Foundation
public import Models
import Tensors

/// A run that can go on: weights, what the optimiser keeps, and how many steps were made.
///
/// A folder, written beside its place and moved there whole.
public enum TrainingState {
  private static let tensorsName = "state.safetensors"

  /// A run that can be saved.
  struct Run {
    /// All that is learned, in order.
    var parameters: [Parameter<Float>]
    /// What learns them.
    var optimizer: AdamW<Float>
    /// What tells this run from others; a state with other notes is not taken.
    var notes: [(name: String, value: String)]
    /// What it will have to tell at its end, kept beside and compared with nothing.
    var told: [(name: String, value: String)] = []
  }

  /// Writes what `trainer` needs to go on.
  ///
  /// - Throws: `FormatError` if the system refuses; what was there before is still there then.
  public static func save(_ trainer: EncoderTrainer, to target: String) throws(FormatError) {
    try save(trainer.run, to: target)
  }

  /// Lets `trainer` go on from what was saved.
  ///
  /// - Returns: whether there was something.
  /// - Throws: `FormatError` if it is of another run, or cannot be read.
  public static func resume(
    _ trainer: EncoderTrainer,
    from source: String
  ) throws(FormatError) -> Bool {
    try resume(trainer.run, from: source)
  }

  static func save(
    _ trainer: EncoderTrainer,
    _ history: FitHistory,
    to target: String
  ) throws(FormatError) {
    var run = trainer.run
    run.told = history.notes
    try save(run, to: target)
  }

  /// Lets `trainer` go on, and gives what its run had to tell until then: nothing if there was no run.
  static func history(
    of trainer: EncoderTrainer,
    from source: String
  ) throws(FormatError) -> FitHistory {
    FitHistory(notes: try notes(resuming: trainer.run, from: source) ?? [:])
  }

  static func save(_ run: Run, to target: String) throws(FormatError) {
    let isThere = FileManager.default.fileExists(atPath: target)
    let folder = try blaming { () throws(TensorsError) in try NewFolder(target: target) }
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let parameters = run.parameters
    let state = run.optimizer.state
    let entries = parameters.flatMap { parameter in
      ["", ".mean", ".square"].map {
        SafetensorsWriter.Entry("\(parameter.name)\($0)", [parameter.rows, parameter.columns])
      }
    }
    let path = "\(folder.path)/\(tensorsName)"
    let writer = try SafetensorsWriter(path: path, entries: entries, metadata: run.allNotes)
    for parameter in parameters {
      guard let own = state.averages.first(where: { $0.name == parameter.name }) else { continue }
      try writer.add(parameter.values)
      try writer.add(own.means)
      try writer.add(own.squares)
    }
    try writer.finish()
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }

  static func resume(_ run: Run, from source: String) throws(FormatError) -> Bool {
    try notes(resuming: run, from: source) != nil
  }

  /// Lets a run go on; the notes that lie beside its state, or nil if there is none.
  private static func notes(
    resuming run: Run,
    from source: String
  ) throws(FormatError) -> [String: String]? {
    let path = "\(source)/\(tensorsName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try Safetensors(path: path)
    for (name, value) in run.notes {
      guard file.metadata[name] == value else {
        throw FormatError(
          path: path,
          reason:
            "is of another run, with \(name) \(file.metadata[name] ?? "unknown"), not \(value); "
            + "remove it, or ask for the same"
        )
      }
    }
    guard let steps = file.metadata["steps"].flatMap({ Int($0) }), steps >= 0 else {
      throw FormatError(path: path, reason: "does not say how many steps were made")
    }
    var tensors: [String: StoredTensor] = [:]
    for tensor in file.tensors { tensors[tensor.name] = tensor }
    func values(_ name: String, _ count: Int) -> [Float]? {
      guard let tensor = tensors[name], tensor.type == .f32, tensor.count == count else {
        return nil
      }
      return tensor.file.floats(.f32, at: tensor.offset, count: count)
    }
    let parameters = run.parameters
    var counts: [String: Int] = [:]
    for parameter in parameters {
      guard let own = values(parameter.name, parameter.count) else {
        throw FormatError(path: path, reason: "holds no \(parameter.name) of this shape")
      }
      parameter.values = own
      counts[parameter.name] = parameter.count
    }
    let isWhole = run.optimizer.restore(steps: steps) { name in
      let count = counts[name] ?? 0
      guard let means = values("\(name).mean", count), let squares = values("\(name).square", count)
      else { return nil }
      return (means, squares)
    }
    guard isWhole else {
      throw FormatError(path: path, reason: "lacks an average of the optimiser; remove it")
    }
    return file.metadata
  }
}

extension TrainingState.Run {
  fileprivate var allNotes: [(name: String, value: String)] {
    notes + told + [("steps", "\(optimizer.stepCount)")]
  }
}

extension EncoderTrainer {
  fileprivate var run: TrainingState.Run {
    TrainingState.Run(
      parameters: network.parameters,
      optimizer: optimizer,
      notes: [
        ("settings", settings.fingerprint), ("steps_total", "\(stepsTotal)"), ("origin", origin),
      ]
    )
  }
}

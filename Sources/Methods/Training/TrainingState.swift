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

  /// Writes what `run` needs to go on, and what it was told besides.
  ///
  /// - Parameters:
  ///   - run: as it is now.
  ///   - target: the folder; one that is there makes way.
  ///   - told: for `restore` to give back; names that no note has.
  /// - Throws: `FormatError` if the system refuses; what was there before is still there then.
  static func save(
    _ run: Run,
    to target: String,
    telling told: [(name: String, value: String)] = []
  ) throws(FormatError) {
    let isThere = FileManager.default.fileExists(atPath: target)
    let folder = try blaming { () throws(TensorsError) in try NewFolder.afresh(target) }
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let parameters = run.parameters
    let state = run.optimizer.state
    let entries = parameters.flatMap { parameter in
      ["", ".mean", ".square"].map {
        SafetensorsWriter.Entry("\(parameter.name)\($0)", [parameter.rows, parameter.columns])
      }
    }
    let path = "\(folder.path)/\(tensorsName)"
    let writer = try SafetensorsWriter(path: path, entries: entries, metadata: run.allNotes + told)
    for parameter in parameters {
      guard let own = state.averages.first(where: { $0.name == parameter.name }) else { continue }
      try writer.add(parameter.values)
      try writer.add(own.means)
      try writer.add(own.squares)
    }
    try writer.finish()
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }

  /// Refuses a place where something else lies, which a state would replace.
  ///
  /// - Parameters:
  ///   - path: of the state.
  ///   - pass: what runs, by the name of its command.
  /// - Throws: `FormatError` if something is there that holds no state.
  static func checkPlace(_ path: String, of pass: String) throws(FormatError) {
    let isState = FileManager.default.fileExists(atPath: "\(path)/\(tensorsName)")
    guard isState || !FileManager.default.fileExists(atPath: path) else {
      throw foreign(path, to: pass)
    }
  }

  /// Says that the place of an unfinished run is taken.
  static func foreign(_ path: String, to pass: String) -> FormatError {
    FormatError(
      path: path,
      reason: "is there, and not what an unfinished `mete \(pass)` left; "
        + "finish what began it, remove it, or choose another place"
    )
  }

  static func resume(_ run: Run, from source: String) throws(FormatError) -> Bool {
    try restore(run, from: source) != nil
  }

  /// Lets `run` go on from what was saved.
  ///
  /// - Returns: its notes, and what the save was told; nil if there is none.
  /// - Throws: `FormatError` if it is of another run, or cannot be read.
  static func restore(_ run: Run, from source: String) throws(FormatError) -> [String: String]? {
    let path = "\(source)/\(tensorsName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try Safetensors(path: path)
    try file.requireRun(run.notes)
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

extension Safetensors {
  /// Refuses what another run kept.
  ///
  /// - Throws: `FormatError` with the first note that differs.
  func requireRun(_ notes: [(name: String, value: String)]) throws(FormatError) {
    for (name, value) in notes where metadata[name] != value {
      let folder = path.range(of: ".run/", options: .backwards).map {
        "\(path[..<$0.lowerBound]).run"
      }
      throw FormatError(
        path: path,
        reason:
          "is of another run, with \(name) \(metadata[name] ?? "unknown"), not \(value); "
          + "remove \(folder ?? "it"), or ask for the same"
      )
    }
  }
}

extension TrainingState.Run {
  fileprivate var allNotes: [(name: String, value: String)] {
    notes + [("steps", "\(optimizer.stepCount)")]
  }
}

extension EncoderTrainer {
  /// As `TrainingState` saves it.
  var run: TrainingState.Run {
    TrainingState.Run(
      parameters: network.parameters,
      optimizer: optimizer,
      notes: [
        ("settings", settings.fingerprint), ("steps_total", "\(stepsTotal)"), ("origin", origin),
      ]
    )
  }
}

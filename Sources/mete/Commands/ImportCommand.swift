import ArgumentParser
import Foundation
import Inference
import MeteClient
import Models

/// `mete import`: a model packed once, so that the daemon need not at every start.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Pack a model for the daemon, once.",
    discussion: """
      Reads a GGUF file or a Hugging Face directory and writes a directory that meted maps into memory as it is: \
      nothing is decoded or packed at a start, and daemons on one machine share the pages. The directory appears \
      whole or not at all; --force replaces one in a single step, and a daemon that serves it is not disturbed.

      With --check it reads all of such a directory instead, and holds every file against its SHA-256.

      Exits with 0, or with 1 and the file and the reason.
      """
  )

  @Argument(help: "A .gguf file or a Hugging Face directory; with --check what was imported.")
  var model: String

  @Option(help: ArgumentHelp("Where to; MODEL.mete here by default.", valueName: "directory"))
  var to: String?

  @Option(
    help: "How weights are held: auto, f32, bf16, int8, int8_group, int4_group.",
    transform: Self.weights(named:)
  )
  var weights: WeightChoice = .automatic

  @Option(help: "What the model calls itself from now on.")
  var name: String?

  @Flag(help: "Replace what was imported to the same place before.")
  var force = false

  @Flag(help: "Check what was imported, and write nothing.")
  var check = false

  @Flag(help: "Write JSON.")
  var json = false

  func run() throws {
    if check { return try show(try checked(), verb: "is as it was written") }
    let bar = ProgressBar("packing \(model)")
    let source = try Checkpoint.open(path: model)
    let served = try ServedModel(name: model, checkpoint: source, weights: weights, threads: 0)
    bar.total = served.packedByteCount
    let manifest = try served.write(to: target, name: name, replacing: force) { bar.show($0) }
    bar.clear()
    try show(manifest, verb: "written")
  }

  private func checked() throws -> Manifest {
    let bar = ProgressBar("checking \(model)")
    defer { bar.clear() }
    return try Artifact.check(path: model) { bar.show($0) }
  }

  private static func weights(named name: String) throws -> WeightChoice {
    guard let choice = WeightChoice(rawValue: name) else {
      let known = WeightChoice.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--weights is one of \(known)")
    }
    return choice
  }

  private var target: String {
    var target = PassArguments.place(to ?? URL(fileURLWithPath: model).lastPathComponent)
    if to == nil {
      if target.hasSuffix(".gguf") { target.removeLast(5) }
      target += ".mete"
    }
    return target
  }

  private func show(_ manifest: Manifest, verb: String) throws {
    let place = check ? model : target
    let bytes = manifest.files.reduce(0) { $0 + $1.bytes }
    guard !json else {
      return try Terminal.write(json: [
        "path": .string(place), "name": .string(manifest.name), "family": .string(manifest.family),
        "weights": .string(manifest.weights), "bytes": .init(bytes),
        "sha256": .string(manifest.weightsSHA256),
      ])
    }
    try Terminal.write(
      """
      \(place) \(verb): \(manifest.name), \(manifest.family), weights \(manifest.weights), \
      \(bytes.grouped) bytes
      sha256 \(manifest.weightsSHA256)

      """
    )
  }
}

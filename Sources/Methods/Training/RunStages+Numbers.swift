import Foundation
internal import Models
import Tensors

extension RunStages {
  private static let numbersName = "numbers.safetensors"

  /// Numbers that an earlier run of the same notes kept.
  ///
  /// - Parameter name: what they were kept under.
  /// - Returns: by name; nil if there are none.
  /// - Throws: `FormatError` if they are another run's, or cannot be read.
  func kept(_ name: String) throws(FormatError) -> [String: [Float]]? {
    guard let place = place(name) else { return nil }
    let path = "\(place)/\(Self.numbersName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try Safetensors(path: path)
    try file.requireRun(notes)
    var numbers: [String: [Float]] = [:]
    for tensor in file.tensors where tensor.type == .f32 {
      numbers[tensor.name] = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
    }
    return numbers
  }

  /// Keeps numbers, whole or not at all.
  ///
  /// - Parameters:
  ///   - name: what they are kept under; there must be none yet.
  ///   - numbers: none of them empty.
  /// - Throws: `FormatError` if the system refuses.
  func keep(
    _ name: String,
    _ numbers: [(name: String, values: [Float])]
  ) throws(FormatError) {
    guard let place = place(name) else { return }
    let folder = try blaming { () throws(TensorsError) in try NewFolder.afresh(place) }
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let writer = try SafetensorsWriter(
      path: "\(folder.path)/\(Self.numbersName)",
      entries: numbers.map { .init($0.name, [$0.values.count]) },
      metadata: notes
    )
    for own in numbers { try writer.add(own.values) }
    try writer.finish()
    try blaming { () throws(TensorsError) in try folder.publish(replacing: false) }
  }

  /// Numbers that an earlier run kept, or that are made and kept now.
  ///
  /// - Parameters:
  ///   - name: what they are kept under.
  ///   - parts: a name for each list of `make`; what is empty is not kept, and empty again when it is read.
  ///   - make: is called where nothing was kept.
  /// - Returns: the lists in the order of `parts`.
  /// - Throws: `FormatError` if they are another run's, or cannot be read.
  func kept(
    _ name: String,
    _ parts: String...,
    make: () -> [[Float]]
  ) throws(FormatError) -> [[Float]] {
    if let kept = try kept(name) { return parts.map { kept[$0] ?? [] } }
    let made = make()
    precondition(made.count == parts.count, "\(made.count) lists of \(parts)")
    let own = zip(parts, made).map { (name: $0, values: $1) }.filter { !$0.values.isEmpty }
    keepIfThereIsRoom(name, own)
    return made
  }

  /// Values that an earlier run kept, or that are made and kept now.
  ///
  /// - Parameters:
  ///   - name: what they are kept under.
  ///   - form: of each.
  ///   - make: is called where nothing was kept.
  /// - Returns: as many as were made.
  /// - Throws: `FormatError` if they are another run's, or cannot be read.
  func kept<Value>(
    _ name: String,
    as form: NumberForm<Value>,
    make: () -> [Value]
  ) throws(FormatError) -> [Value] {
    if let kept = try kept(name) {
      var values: [Value] = []
      while true {
        var lists: [[Float]] = []
        while let list = kept["\(values.count).\(lists.count)"] { lists.append(list) }
        if lists.isEmpty { return values }
        values.append(form.value(lists))
      }
    }
    let made = make()
    guard path != nil else { return made }
    keepIfThereIsRoom(
      name,
      made.enumerated().flatMap { place, value in
        form.numbers(value).enumerated().map { ("\(place).\($0)", $1) }
      }
    )
    return made
  }

  /// A disk that has no room for what is only kept for the next run may have it for the result.
  private func keepIfThereIsRoom(_ name: String, _ numbers: [(name: String, values: [Float])]) {
    try? keep(name, numbers)
  }
}

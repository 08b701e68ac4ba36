internal import Tensors

/// Writes tensors of float32 or of bytes as a safetensors file, one after the other, so that no two need be in memory.
///
/// Owned by one thread; not Sendable.
public final class SafetensorsWriter {
  /// A tensor that will be written.
  public struct Entry: Sendable, Equatable {
    /// What readers find it by.
    public var name: String
    /// Outermost first.
    public var shape: [Int]

    /// Whether it holds signed bytes (`I8`), not float32.
    public var isBytes: Bool

    /// Names a tensor.
    public init(_ name: String, _ shape: [Int], isBytes: Bool = false) {
      self.name = name
      self.shape = shape
      self.isBytes = isBytes
    }

    var count: Int { shape.reduce(1, *) }
  }

  private let path: String
  private let entries: [Entry]
  private let file: NewFile
  private var next = 0

  /// Makes the file and writes its header; there must be none of that name.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - entries: the tensors in the order in which they will be written; names differ.
  ///   - metadata: strings for readers to find.
  /// - Throws: `FormatError` if the system refuses.
  public init(
    path: String,
    entries: [Entry],
    metadata: [(name: String, value: String)] = []
  ) throws(FormatError) {
    self.path = path
    self.entries = entries
    file = try blaming { () throws(TensorsError) in try NewFile(path: path) }
    try write(Self.header(entries, metadata))
  }

  private static func header(
    _ entries: [Entry],
    _ metadata: [(name: String, value: String)]
  ) -> [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(.init("__metadata__", .object(metadata.map { .init($0.name, $0.value) })))
    }
    var end = 0
    for entry in entries {
      let start = end
      end += (entry.isBytes ? 1 : 4) * entry.count
      members.append(
        .init(
          entry.name,
          .object([
            .init("dtype", entry.isBytes ? "I8" : "F32"),
            .init("shape", .array(entry.shape.map { .integer($0) })),
            .init("data_offsets", .array([.integer(start), .integer(end)])),
          ])
        )
      )
    }
    var text = JSON.object(members).text(depth: 2)
    while !text.count.isMultiple(of: 8) { text.append(0x20) }
    return (0 ..< 8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
  }

  /// Writes the next tensor.
  ///
  /// - Parameter values: row after row, as many as its shape says.
  /// - Throws: `FormatError` if the system refuses, such as when the disk is full.
  public func add(_ values: [Float]) throws(FormatError) {
    precondition(next < entries.count && values.count == entries[next].count, "\(values.count)")
    precondition(!entries[next].isBytes, "\(entries[next].name) holds bytes")
    next += 1
    do { try file.write(values.span) } catch {
      throw FormatError(path: path, reason: error.reason)
    }
  }

  /// Writes the next tensor, one of bytes.
  ///
  /// - Parameter bytes: row after row, as many as its shape says.
  /// - Throws: `FormatError` if the system refuses, such as when the disk is full.
  public func add(bytes: [Int8]) throws(FormatError) {
    precondition(next < entries.count && bytes.count == entries[next].count, "\(bytes.count)")
    precondition(entries[next].isBytes, "\(entries[next].name) holds float32")
    next += 1
    try write(bytes.map { UInt8(bitPattern: $0) })
  }

  /// Waits until everything is on the disk.
  ///
  /// - Throws: `FormatError` if the system refuses.
  public func finish() throws(FormatError) {
    precondition(next == entries.count, "\(next) of \(entries.count) tensors were written")
    try blaming { () throws(TensorsError) in try file.finish() }
  }

  private func write(_ bytes: [UInt8]) throws(FormatError) {
    do { try file.write(bytes.span) } catch {
      throw FormatError(path: path, reason: error.reason)
    }
  }
}

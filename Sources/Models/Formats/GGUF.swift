internal import Tensors

/// A GGUF version 3 file: its metadata and where its tensors lie.
public struct GGUF: Sendable {
  /// The only version that is read; 1 and 2 are no longer written.
  public static let version = 3
  /// Most metadata entries of a file.
  public static let metadataCountMax = 65_536
  /// Most tensors of a file.
  public static let tensorCountMax = 65_536
  /// Longest metadata key or tensor name, in bytes.
  public static let nameBytesMax = 65_535
  /// Longest metadata string, in bytes.
  public static let stringBytesMax = 4 << 20
  /// Most items in all arrays of a file together.
  public static let itemsMax = 8 << 20
  /// Deepest nesting of arrays.
  public static let arrayDepthMax = 4
  /// Most dimensions of a tensor.
  public static let dimensionsMax = 4
  /// Longest dimension of a tensor.
  public static let dimensionMax = Int(Int32.max)
  /// Widest alignment of tensors, in bytes.
  public static let alignmentMax = 1 << 20

  /// A metadata value; the width of its number is forgotten, its kind is not.
  public enum Value: Sendable, Equatable {
    /// Any signed or unsigned integer that fits 64 signed bits.
    case integer(Int)
    /// An unsigned integer above that.
    case unsigned(UInt64)
    /// A float, exactly.
    case number(Double)
    /// A truth value.
    case bool(Bool)
    /// Bytes that ought to be UTF-8.
    case string([UInt8])
    /// Items of one kind.
    case array([Value])
  }

  /// The file, as the user named it.
  public let path: String
  /// What the file says about itself.
  public let metadata: [String: Value]
  /// In file order.
  public let tensors: [StoredTensor]
  /// Where the metadata lies in the file; its entries begin after the counts.
  let metadataBytes: Range<Int>
  /// Where the value of every key begins, after its type.
  private let places: [String: Int]
  /// The file, mapped.
  let file: MappedFile

  /// Reads the head of a file; tensor data is checked to lie inside the file, not touched.
  ///
  /// - Parameter path: the file.
  /// - Throws: `FormatError` with the offset of what does not fit.
  public init(path: String) throws(FormatError) {
    try self.init(path: path, file: try mapped(path))
  }

  /// Reads the head of a file that is mapped already; `path` is for errors.
  init(path: String, file: MappedFile) throws(FormatError) {
    var reader = GGUFReader(file: file, path: path)
    let counts = try reader.header()
    self.path = path
    self.file = file
    let start = reader.position
    (metadata, places) = try reader.metadata(count: counts.metadata)
    metadataBytes = start ..< reader.position
    let alignment = places[GGUFReader.alignmentKey]
    tensors = try reader.tensors(count: counts.tensors, metadata: metadata, alignmentAt: alignment)
  }
}

extension GGUF {
  /// A GGUF file with the same metadata and no tensors.
  func withoutTensors() -> [UInt8] {
    // Magic and version, no tensors, the number of entries, the entries.
    file.bytes(0 ..< 8) + [UInt8](repeating: 0, count: 8) + file.bytes(16 ..< 24)
      + file.bytes(metadataBytes)
  }

  /// Where a value of the metadata begins.
  ///
  /// - Parameter steps: a key and, for an item of its array, the number of the item.
  /// - Returns: bytes from the start of the file, or nil if there is no such value.
  func place(of steps: [ValueStep]) -> Int? {
    guard case .key(let key)? = steps.first,
      let start = places[String(decoding: key, as: UTF8.self)]
    else { return nil }
    guard case .item(let number)? = steps.dropFirst().first else { return start }
    return GGUFReader(file: file, path: path).item(number, ofArrayAt: start)
  }

  /// Blames a value of the metadata, as `place(of:)` takes it; nil where no one value is to blame.
  func blame(_ reason: String, at steps: [ValueStep]? = nil) -> FormatError {
    FormatError(path: path, offset: steps.flatMap { place(of: $0) }, reason: reason)
  }

  /// Blames the value of `key`.
  func blame(_ reason: String, key: String) -> FormatError { blame(reason, at: [.named(key)]) }

  /// The text of `key`, or nil if it is missing.
  public func text(_ key: String) throws(FormatError) -> String? {
    switch metadata[key] {
    case nil: return nil
    case .string(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw blame("\(key) is not UTF-8", key: key)
      }
      return text
    default: throw blame("\(key) is not a string", key: key)
    }
  }

  /// The whole number of `key` within `range`, or nil if it is missing.
  public func integer(_ key: String, _ range: ClosedRange<Int>) throws(FormatError) -> Int? {
    guard let value = metadata[key] else { return nil }
    guard case .integer(let integer) = value, range.contains(integer) else {
      throw blame(
        "\(key) is not a whole number in \(range.lowerBound) ... \(range.upperBound)",
        key: key
      )
    }
    return integer
  }

  /// The finite number of `key`, or nil if it is missing.
  public func number(_ key: String) throws(FormatError) -> Double? {
    switch metadata[key] {
    case nil: return nil
    case .number(let number) where number.isFinite: return number
    case .integer(let integer): return Double(integer)
    default: throw blame("\(key) is not a finite number", key: key)
    }
  }
}

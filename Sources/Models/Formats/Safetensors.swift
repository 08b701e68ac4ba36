internal import Tensors

/// A safetensors file: where its tensors lie.
///
/// The data after the header is tiled by them exactly.
public struct Safetensors: Sendable {
  /// Longest header, in bytes.
  public static let headerBytesMax = 16 << 20
  /// Most tensors of a file.
  public static let tensorCountMax = 65_536
  /// Most dimensions of a tensor.
  public static let dimensionsMax = 8

  /// The file, as the user named it.
  public let path: String
  /// Ascending by place.
  public let tensors: [StoredTensor]
  /// Strings that its writer left.
  public let metadata: [String: String]
  /// The file, mapped.
  let file: MappedFile

  /// Reads the header; tensor data is checked to lie inside the file, not touched.
  ///
  /// - Parameter path: the file.
  /// - Throws: `FormatError` with the offset of what does not fit.
  public init(path: String) throws(FormatError) {
    try self.init(path: path, file: try mapped(path))
  }

  /// Reads the header of a file that is mapped already; `path` is for errors.
  init(path: String, file: MappedFile) throws(FormatError) {
    let (header, base) = try Self.header(of: file, path: path)
    self.path = path
    self.file = file
    guard let members = header.members else {
      throw FormatError(path: path, offset: 8, reason: "the header is not a JSON object")
    }
    guard members.count <= Self.tensorCountMax else {
      throw FormatError(
        path: path,
        offset: 8,
        reason: "holds \(members.count) tensors; the limit is \(Self.tensorCountMax)"
      )
    }
    var metadata: [String: String] = [:]
    for member in header["__metadata__"]?.members ?? [] {
      metadata[String(decoding: member.key, as: UTF8.self)] = member.value.text
    }
    self.metadata = metadata
    var tensors: [StoredTensor] = []
    for member in members where member.key != Array("__metadata__".utf8) {
      do {
        tensors.append(try Self.tensor(member, file: file, path: path, base: base))
      } catch {
        let text = file.bytes(8 ..< base)
        throw FormatError(
          path: path,
          offset: JSON.place(of: [.key(member.key)], in: text, base: 8),
          reason: error.reason
        )
      }
    }
    tensors.sort { ($0.offset, $0.count) < ($1.offset, $1.count) }
    self.tensors = tensors
    try checkTiling(base: base)
  }

  private static func header(of file: MappedFile, path: String)
    throws(FormatError) -> (JSON, base: Int)
  {
    guard file.count >= 8 else {
      throw FormatError(path: path, offset: 0, reason: "the file ends inside the header length")
    }
    let length = file.integer(UInt64.self, at: 0)
    guard length <= UInt64(headerBytesMax) else {
      throw FormatError(
        path: path,
        offset: 0,
        reason: "claims a header of \(length) bytes; the limit is \(headerBytesMax)"
      )
    }
    guard Int(length) <= file.count - 8 else {
      throw FormatError(
        path: path,
        offset: 0,
        reason: "claims a header of \(length) bytes, but \(file.count - 8) are left"
      )
    }
    let base = 8 + Int(length)
    return (try JSON(parsing: file.bytes(8 ..< base), path: path, base: 8), base)
  }

  private static func tensor(_ member: JSON.Member, file: MappedFile, path: String, base: Int)
    throws(FormatError) -> StoredTensor
  {
    let name = String(decoding: member.key, as: UTF8.self)
    func blame(_ reason: String) -> FormatError {
      FormatError(path: path, offset: 8, reason: "the tensor \(name) \(reason)")
    }
    guard let typeName = member.value["dtype"]?.text, let bytesEach = elementBytes[typeName] else {
      throw blame("has the unknown type \(member.value["dtype"]?.text ?? "none")")
    }
    let shape = (member.value["shape"]?.items ?? [.null]).compactMap(\.integer)
    guard shape.count == member.value["shape"]?.items?.count, shape.count <= dimensionsMax,
      let count = elementCount(shape)
    else { throw blame("has no shape of at most \(dimensionsMax) whole numbers") }
    let offsets = (member.value["data_offsets"]?.items ?? []).compactMap(\.integer)
    let left = file.count - base
    guard offsets.count == 2, member.value["data_offsets"]?.items?.count == 2, offsets[0] >= 0,
      offsets[0] <= offsets[1], offsets[1] <= left
    else { throw blame("has offsets that do not lie in the \(left) bytes after the header") }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: bytesEach)
    guard !overflow, bytes == offsets[1] - offsets[0] else {
      throw blame(
        "of \(shape) \(typeName) does not fill the \(offsets[1] - offsets[0]) bytes it claims"
      )
    }
    return StoredTensor(
      name: name,
      shape: shape,
      typeName: typeName,
      type: ElementType(rawValue: typeName).flatMap { $0.blockElements == 1 ? $0 : nil },
      path: path,
      file: file,
      offset: base + offsets[0],
      count: count
    )
  }

  private func checkTiling(base: Int) throws(FormatError) {
    var end = base
    for tensor in tensors {
      guard tensor.offset >= end else {
        throw FormatError(
          path: path,
          offset: tensor.offset,
          reason: "\(tensor.name) overlaps the tensor before it"
        )
      }
      guard tensor.offset == end else {
        throw FormatError(path: path, offset: end, reason: "a hole before \(tensor.name)")
      }
      end = tensor.offset + tensor.count * (elementBytes[tensor.typeName] ?? 0)
    }
    guard end == file.count else {
      throw FormatError(
        path: path,
        offset: end,
        reason: "\(file.count - end) bytes after the last tensor"
      )
    }
  }
}

/// Bytes of one element of every type that the format knows and we can step over.
private let elementBytes: [String: Int] = [
  "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
  "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
]

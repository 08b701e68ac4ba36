public import Tensors

/// A tensor as it lies in a file: checked to be inside it, not yet decoded.
public struct StoredTensor: Sendable {
  /// As the file names it.
  public let name: String
  /// Outermost first; matrices are (outputs, inputs).
  public let shape: [Int]
  /// The format's own name of the element type.
  public let typeName: String
  /// The element type, or nil for types that cannot be weights.
  public let type: ElementType?
  /// The file, as errors name it.
  public let path: String
  /// The file.
  public let file: MappedFile
  /// Where the numbers begin, in bytes from the start of the file.
  public let offset: Int
  /// Elements: the product of `shape`.
  public let count: Int
}

/// The product of `shape`, or nil if it overflows or a dimension is negative.
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for dimension in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
    guard !overflow, dimension >= 0 else { return nil }
    count = product
  }
  return count
}

/// Maps `path` and puts the system's reason into a `FormatError`.
func mapped(_ path: String) throws(FormatError) -> MappedFile {
  do {
    return try MappedFile(path: path)
  } catch {
    throw FormatError(path: path, reason: error.reason)
  }
}

/// Maps `path`, or gives nil if there is no such file.
func mappedIfPresent(_ path: String) throws(FormatError) -> MappedFile? {
  do {
    return try MappedFile(path: path)
  } catch {
    if error.isMissing { return nil }
    throw FormatError(path: path, reason: error.reason)
  }
}

/// Maps `path`, or gives nil if it is no regular file but may be a directory.
func mappedUnlessDirectory(_ path: String) throws(FormatError) -> MappedFile? {
  do {
    return try MappedFile(path: path)
  } catch {
    if error.code == .notAFile { return nil }
    throw FormatError(path: path, reason: error.reason)
  }
}

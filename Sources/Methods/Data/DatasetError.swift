internal import Tensors

/// Labelled text that cannot be used, or could not be written: which file, which line, and why.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, folder or data set as the user named it.
  public var path: String
  /// The line that is to blame, counted from 1, where one is.
  public var line: Int?
  /// What is wrong, the limit if one was passed, and what to do about it.
  public var reason: String

  /// Blames `path`, at `line` if one line is to blame.
  public init(path: String, line: Int? = nil, reason: String) {
    self.path = path
    self.line = line
    self.reason = reason
  }

  /// One line: `reviews.csv: line 1: has no column "text" …`.
  public var description: String {
    guard let line else { return "\(path): \(reason)" }
    return "\(path): line \(line): \(reason)"
  }
}

/// Puts the system's reason into a `DatasetError`.
func blamingFile<Result>(_ body: () throws(TensorsError) -> Result) throws(DatasetError) -> Result {
  do { return try body() } catch { throw DatasetError(path: error.path, reason: error.reason) }
}

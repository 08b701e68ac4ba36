/// How large the parts of a file of labelled text may be.
public enum LabelledLimits {
  /// Bytes of one row with its line breaks, 4 MiB; a longer row is skipped.
  public static let rowBytesMax = 4 << 20
  /// Bytes of one text, 1 MiB; a row with a longer one is skipped.
  public static let textBytesMax = 1 << 20
  /// Bytes of one label's name; a row with a longer one is skipped.
  public static let labelBytesMax = 256
  /// Labels of one example; a row with more is skipped.
  public static let rowLabelsMax = 256
  /// Different labels in one file; more are an error, for the column is then hardly one of labels.
  public static let labelsMax = 10_000
  /// Columns of a table; more are an error.
  public static let columnsMax = 1_024
  /// Lines that a report names for each reason.
  public static let linesNamedMax = 5
  /// Bytes that are read from the disk at a time, and the memory that short rows need.
  static let pieceBytes = 256 << 10
}

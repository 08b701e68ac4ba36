/// One of the four linear maps around attention.
public enum ProjectionPart: String, Sendable, CaseIterable {
  /// To queries.
  case query
  /// To keys.
  case key
  /// To values.
  case value
  /// From what attention mixed, back to the residual stream.
  case output

  /// What files call the map it stands for, within a layer.
  var tensorName: String {
    self == .output ? "attention.output.dense" : "attention.self.\(rawValue)"
  }
}

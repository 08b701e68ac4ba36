import Tensors

/// A linear map of attention at work, before it is replaced.
struct ProjectionPass<Number: Real> {
  /// From 0.
  let layer: Int
  /// Which of the four.
  let part: ProjectionPart
  /// (rows, width): what goes in.
  let input: Variable<Number>
  /// (rows, width): what comes out.
  let output: Variable<Number>
}

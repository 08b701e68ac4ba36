import Tensors

/// How keys and values are held in memory.
public enum KeyValueChoice: String, Sendable, CaseIterable {
  /// float32.
  case f32
  /// Bytes with a scale for every position and group: a quarter of the memory, and of the reading at long contexts.
  case int8

  var format: KeyValueFormat {
    switch self {
    case .f32: .f32
    case .int8: .int8
    }
  }
}

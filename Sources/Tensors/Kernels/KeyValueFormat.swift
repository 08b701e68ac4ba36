import CKernels

/// How keys and values are stored.
public enum KeyValueFormat: String, Sendable, CaseIterable {
  /// binary32.
  case f32
  /// Signed bytes with a scale for every position and group: a quarter of the memory and of the reading.
  case int8

  var code: ck_stored {
    switch self {
    case .f32: ck_stored_float32
    case .int8: ck_stored_int8
    }
  }

  /// Floats that a page's keys take, and its values.
  func pageFloats(_ shape: AttentionShape) -> Int {
    switch self {
    case .f32: ck_page_floats(shape.groups, shape.headWidth)
    case .int8: ck_page_floats_int8(shape.groups, shape.headWidth)
    }
  }
}

import CKernels

/// The shape of one attention layer.
public struct AttentionShape: Sendable, Equatable {
  /// Query heads, H.
  public var heads: Int
  /// Key/value heads, G; divides H.
  ///
  /// Each serves H/G query heads.
  ///
  /// Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models", arXiv:2305.13245.
  public var groups: Int
  /// Width of a head, W.
  public var headWidth: Int

  /// Joins the three numbers; G must divide H.
  public init(heads: Int, groups: Int, headWidth: Int) {
    precondition(heads > 0 && groups > 0 && headWidth > 0 && heads.isMultiple(of: groups))
    self.heads = heads
    self.groups = groups
    self.headWidth = headWidth
  }

  /// Floats in one row of queries: H · W.
  public var queryWidth: Int { heads * headWidth }
  /// Floats in one row of keys or of values: G · W.
  public var keyWidth: Int { groups * headWidth }
  /// What scores are multiplied with: 1/√W.
  public var scale: Float { 1 / Float(headWidth).squareRoot() }
}

/// Attention of every row to every row, without a cache, as encoders do it.
public enum Attention {
  /// Softmax attention over one text.
  ///
  /// - Parameters:
  ///   - queries: (R, H · W) of a whole batch.
  ///   - keys: (R, G · W).
  ///   - values: (R, G · W).
  ///   - rows: the batch rows that make up the text.
  ///   - shape: heads and widths.
  ///   - out: (R, H · W); the text's rows are overwritten.
  public static func full(
    queries: [Float],
    keys: [Float],
    values: [Float],
    rows: Range<Int>,
    shape: AttentionShape,
    into out: inout [Float]
  ) {
    precondition(queries.count == out.count && keys.count == values.count)
    precondition(
      rows.lowerBound >= 0 && rows.upperBound * shape.queryWidth <= queries.count
        && rows.upperBound * shape.keyWidth <= keys.count,
      "rows \(rows) are not in the batch"
    )
    var scores = [Float](repeating: 0, count: rows.count)
    let keyOffset = rows.lowerBound * shape.keyWidth
    queries.withUnsafeBufferPointer { queries in
      keys.withUnsafeBufferPointer { keys in
        values.withUnsafeBufferPointer { values in
          out.withUnsafeMutableBufferPointer { out in
            scores.withUnsafeMutableBufferPointer { scores in
              guard let q = queries.baseAddress, let k = keys.baseAddress,
                let v = values.baseAddress, let o = out.baseAddress
              else { return }
              let page: [Int32] = [0]
              for row in rows {
                // The text is one page whose size is its length.
                ck_attention_f32(
                  o + row * shape.queryWidth,
                  q + row * shape.queryWidth,
                  k + keyOffset,
                  v + keyOffset,
                  page,
                  rows.count,
                  rows.count,
                  0,
                  shape.heads,
                  shape.groups,
                  shape.headWidth,
                  shape.scale,
                  scores.baseAddress
                )
              }
            }
          }
        }
      }
    }
  }
}

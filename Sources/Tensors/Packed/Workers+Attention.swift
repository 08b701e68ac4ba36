import CKernels

/// Rows of one sequence that stand one after the other in a batch.
public struct AttentionRun: Sendable {
  /// Their places in the batch.
  public var rows: Range<Int>
  /// The position of the first of them.
  public var position: Int
  /// The sequence's pages, in order of position.
  public var pages: [Int32]
  /// Those of `rows` that attend; the others only have their keys and values stored.
  public var asking: [Range<Int>]

  /// Places rows at `position` and the positions after it.
  public init(rows: Range<Int>, position: Int, pages: [Int32]) {
    self.rows = rows
    self.position = position
    self.pages = pages
    asking = [rows]
  }
}

/// Where queries, keys and values lie in a fused row.
public struct AttentionColumns: Sendable {
  /// Queries: H · W columns.
  public var query: Int
  /// Keys: G · W columns.
  public var key: Int
  /// Values: G · W columns.
  public var value: Int

  /// The first column of each.
  public init(query: Int, key: Int, value: Int) {
    self.query = query
    self.key = key
    self.value = value
  }

  func check(_ shape: AttentionShape, width: Int) {
    precondition(
      min(query, key, value) >= 0 && query + shape.queryWidth <= width
        && max(key, value) + shape.keyWidth <= width,
      "queries at \(query), keys at \(key), values at \(value) of \(width) columns"
    )
  }
}

extension Workers {
  /// Rows that one worker attends for at a time: enough that a page is read once for many.
  private static let rowsAtOnce = 16

  /// Stores the keys and values of all rows, then lets rows attend to their sequence up to themselves.
  ///
  /// - Parameters:
  ///   - runs: the batch's rows by sequence.
  ///   - fused: (R, …) with queries, keys and values at `columns`.
  ///   - columns: where they lie.
  ///   - layer: which layer.
  ///   - cache: whose pages hold keys and values.
  ///   - out: (R, H · W); any numbers in rows that do not attend.
  public func attend(
    _ runs: [AttentionRun],
    _ fused: RowBuffer,
    columns: AttentionColumns,
    layer: Int,
    cache: KeyValuePages,
    into out: RowBuffer
  ) {
    let shape = cache.shape
    columns.check(shape, width: fused.width)
    precondition(out.width == shape.queryWidth && out !== fused)
    out.resize(rows: fused.rows)
    // One array for all, so that every task's pointer stays good.
    let pages = runs.flatMap(\.pages)
    pages.withUnsafeBufferPointer { pages in
      var start = 0
      var stores: [ck_store] = []
      var tasks: [ck_attend] = []
      for run in runs {
        cache.check(run, batchRows: fused.rows)
        let own = pages.baseAddress.map { $0 + start }
        start += run.pages.count
        var store = cache.store(layer: layer, fused, columns)
        store.pages = own
        store.position = run.position
        store.rows = run.rows.count
        store.key_rows += run.rows.lowerBound * fused.width
        store.value_rows += run.rows.lowerBound * fused.width
        stores.append(store)
        for asking in run.asking {
          precondition(
            run.rows.lowerBound <= asking.lowerBound && asking.upperBound <= run.rows.upperBound,
            "rows \(asking) of \(run.rows)"
          )
          for first in stride(from: asking.lowerBound, to: asking.upperBound, by: Self.rowsAtOnce) {
            var task = cache.task(layer: layer, fused, columns, firstRow: first, out)
            task.pages = own
            task.rows = min(Self.rowsAtOnce, asking.upperBound - first)
            task.seen = run.position + first - run.rows.lowerBound + 1
            task.causal = true
            for group in 0 ..< shape.groups {
              task.group = group
              tasks.append(task)
            }
          }
        }
      }
      ck_run_store(crew, stores, stores.count)
      ck_run_attend(crew, tasks, tasks.count)
    }
    out.changed()
  }

  /// Lets every row of a text attend to all rows of that text, as encoders do it.
  ///
  /// - Parameters:
  ///   - texts: the batch rows of each text.
  ///   - fused: (R, …) with queries, keys and values at `columns`.
  ///   - columns: where they lie.
  ///   - shape: heads and widths.
  ///   - scratch: pages for one step; grown as needed.
  ///   - out: (R, H · W).
  public func attendFully(
    _ texts: [Range<Int>],
    _ fused: RowBuffer,
    columns: AttentionColumns,
    shape: AttentionShape,
    scratch: RowBuffer,
    into out: RowBuffer
  ) {
    columns.check(shape, width: fused.width)
    precondition(out.width == shape.queryWidth && out !== fused)
    precondition(scratch.width == KeyValuePages.pageSize * shape.keyWidth && scratch !== fused)
    out.resize(rows: fused.rows)
    let pageCounts = texts.map { ($0.count + 15) / 16 }
    let pages = pageCounts.reduce(0, +)
    scratch.resize(rows: 2 * pages)
    var stores: [ck_store] = []
    var tasks: [ck_attend] = []
    var page = 0
    for (text, count) in zip(texts, pageCounts) {
      precondition(
        text.lowerBound >= 0 && text.upperBound <= fused.rows,
        "\(text) of \(fused.rows)"
      )
      let keys = scratch.values + page * scratch.width
      let values = scratch.values + (pages + page) * scratch.width
      page += count
      let start = fused.values + text.lowerBound * fused.width
      for first in stride(from: 0, to: text.count, by: KeyValuePages.pageSize) {
        let rows = start + first * fused.width
        stores.append(
          ck_store(
            keys: keys,
            values: values,
            page_stride: scratch.width,
            pages: nil,
            position: first,
            key_rows: rows + columns.key,
            value_rows: rows + columns.value,
            row_stride: fused.width,
            rows: min(KeyValuePages.pageSize, text.count - first),
            groups: shape.groups,
            width: shape.headWidth,
            stored: ck_stored_float32
          )
        )
      }
      for group in 0 ..< shape.groups {
        tasks.append(
          ck_attend(
            out: out.values + text.lowerBound * out.width,
            out_stride: out.width,
            query: start + columns.query,
            query_stride: fused.width,
            keys: keys,
            values: values,
            page_stride: scratch.width,
            pages: nil,
            rows: text.count,
            seen: text.count,
            causal: false,
            group: group,
            sharing: shape.heads / shape.groups,
            width: shape.headWidth,
            scale: shape.scale,
            stored: ck_stored_float32
          )
        )
      }
    }
    ck_run_store(crew, stores, stores.count)
    ck_run_attend(crew, tasks, tasks.count)
    out.changed()
  }
}

import CKernels
import Glibc

/// The keys and values of all sequences of one model, in pages of 16 positions: the lanes of a tile.
///
/// Kwon et al., "Efficient Memory Management for Large Language Model Serving with PagedAttention",
/// arXiv:2309.06180. The memory is reserved at once and touched page by page, so resident memory
/// follows use up to `bytes`.
///
/// Owned by one thread; not Sendable.
public final class KeyValuePages {
  /// Layers of the model.
  public let layers: Int
  /// Pages per layer.
  public let pageCount: Int
  /// Positions per page.
  public static let pageSize = 16
  /// Heads and widths of every layer.
  public let shape: AttentionShape
  /// How they are stored.
  public let format: KeyValueFormat
  private let memory: UnsafeMutablePointer<Float>

  /// Reserves the address space for all pages.
  ///
  /// - Precondition: every size is positive, and the system grants the address space.
  public init(layers: Int, pageCount: Int, shape: AttentionShape, format: KeyValueFormat = .f32) {
    precondition(layers > 0 && pageCount > 0)
    self.layers = layers
    self.pageCount = pageCount
    self.shape = shape
    self.format = format
    let bytes = Self.pageBytes(layers: layers, shape: shape, format: format) * pageCount
    let mapped = mmap(
      nil,
      bytes,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      -1,
      0
    )
    guard let mapped, mapped != MAP_FAILED else {
      preconditionFailure("no address space for \(bytes) bytes of keys and values")
    }
    // A page of all layers of a real model is large, so huge ones waste little and spare the walks through the page table.
    if bytes / pageCount >= 1 << 16 { madvise(mapped, bytes, MADV_HUGEPAGE) }
    memory = mapped.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  deinit { munmap(memory, bytes) }

  /// Bytes of one page over all layers, keys and values.
  public static func pageBytes(
    layers: Int,
    shape: AttentionShape,
    format: KeyValueFormat = .f32
  ) -> Int {
    layers * 2 * format.pageFloats(shape) * MemoryLayout<Float>.stride
  }

  /// Bytes of all pages.
  public var bytes: Int {
    Self.pageBytes(layers: layers, shape: shape, format: format) * pageCount
  }

  private var pageFloats: Int { format.pageFloats(shape) }
  /// Floats from one page to the next: a page has all layers, so that what a sequence uses lies together.
  private var stride: Int { layers * 2 * pageFloats }

  private func base(layer: Int, values: Bool) -> UnsafeMutablePointer<Float> {
    memory + (layer * 2 + (values ? 1 : 0)) * pageFloats
  }

  /// Whether a run lies in the batch and its pages in the cache.
  func check(_ run: AttentionRun, batchRows: Int) {
    precondition(
      run.rows.lowerBound >= 0 && run.rows.upperBound <= batchRows && run.position >= 0,
      "rows \(run.rows) of \(batchRows) at position \(run.position)"
    )
    precondition(
      run.position + run.rows.count <= run.pages.count * Self.pageSize
        && run.pages.allSatisfy { $0 >= 0 && $0 < pageCount },
      "position \(run.position + run.rows.count) in \(run.pages.count) pages"
    )
  }

  /// What the stores of one layer have in common; rows, pages and position are the run's.
  func store(layer: Int, _ fused: RowBuffer, _ columns: AttentionColumns) -> ck_store {
    precondition((0 ..< layers).contains(layer), "layer \(layer) of \(layers)")
    return ck_store(
      keys: base(layer: layer, values: false),
      values: base(layer: layer, values: true),
      page_stride: stride,
      pages: nil,
      position: 0,
      key_rows: fused.values + columns.key,
      value_rows: fused.values + columns.value,
      row_stride: fused.width,
      rows: 0,
      groups: shape.groups,
      width: shape.headWidth,
      stored: format.code
    )
  }

  /// What the attention tasks of one layer have in common; rows, pages, positions and group are the run's.
  func task(
    layer: Int,
    _ fused: RowBuffer,
    _ columns: AttentionColumns,
    firstRow: Int,
    _ out: RowBuffer
  ) -> ck_attend {
    ck_attend(
      out: out.values + firstRow * out.width,
      out_stride: out.width,
      query: fused.values + firstRow * fused.width + columns.query,
      query_stride: fused.width,
      keys: base(layer: layer, values: false),
      values: base(layer: layer, values: true),
      page_stride: stride,
      pages: nil,
      rows: 0,
      seen: 0,
      causal: true,
      group: 0,
      sharing: shape.heads / shape.groups,
      width: shape.headWidth,
      scale: shape.scale,
      stored: format.code
    )
  }
}

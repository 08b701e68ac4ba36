import CKernels
import Glibc

/// The keys and values of all sequences of one model, in pages of a fixed number of positions.
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
  public let pageSize: Int
  /// Heads and widths of every layer.
  public let shape: AttentionShape
  private let memory: UnsafeMutablePointer<Float>

  /// Reserves the address space for all pages.
  ///
  /// - Precondition: every size is positive, and the system grants the address space.
  public init(layers: Int, pageCount: Int, pageSize: Int, shape: AttentionShape) {
    precondition(layers > 0 && pageCount > 0 && pageSize > 0)
    self.layers = layers
    self.pageCount = pageCount
    self.pageSize = pageSize
    self.shape = shape
    let bytes = Self.pageBytes(layers: layers, pageSize: pageSize, shape: shape) * pageCount
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
    memory = mapped.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  deinit { munmap(memory, bytes) }

  /// Bytes of one page over all layers, keys and values.
  public static func pageBytes(layers: Int, pageSize: Int, shape: AttentionShape) -> Int {
    layers * 2 * pageSize * shape.keyWidth * MemoryLayout<Float>.stride
  }

  /// Bytes of all pages.
  public var bytes: Int {
    Self.pageBytes(layers: layers, pageSize: pageSize, shape: shape) * pageCount
  }

  private var pageFloats: Int { pageSize * shape.keyWidth }

  private func base(layer: Int, values: Bool) -> UnsafeMutablePointer<Float> {
    memory + (layer * 2 + (values ? 1 : 0)) * pageCount * pageFloats
  }

  /// Stores one batch row's key and value.
  ///
  /// - Parameters:
  ///   - layer: which layer.
  ///   - page: which page.
  ///   - slot: position within the page.
  ///   - row: which row of `keys` and `values`, both (R, G · W).
  ///   - keys: keys of the batch.
  ///   - values: values of the batch.
  public func store(
    layer: Int,
    page: Int32,
    slot: Int,
    row: Int,
    keys: [Float],
    values: [Float]
  ) {
    let width = shape.keyWidth
    precondition(
      (0 ..< layers).contains(layer) && (0 ..< pageCount).contains(Int(page))
        && (0 ..< pageSize).contains(slot) && (row + 1) * width <= keys.count
        && keys.count == values.count
    )
    let offset = Int(page) * pageFloats + slot * width
    for (source, isValue) in [(keys, false), (values, true)] {
      source.withUnsafeBufferPointer { source in
        guard let start = source.baseAddress else { return }
        (base(layer: layer, values: isValue) + offset)
          .update(from: start + row * width, count: width)
      }
    }
  }

  /// One row's attention over the first `positions` positions of its pages.
  ///
  /// - Parameters:
  ///   - layer: which layer.
  ///   - row: which row of `queries` and `out`, both (R, H · W).
  ///   - queries: queries of the batch.
  ///   - pages: the sequence's pages, in order of position.
  ///   - positions: how many positions the row sees, itself included.
  ///   - scores: scratch; grown as needed and reused.
  ///   - out: the row is overwritten.
  public func attend(
    layer: Int,
    row: Int,
    queries: [Float],
    pages: [Int32],
    positions: Int,
    scores: inout [Float],
    into out: inout [Float]
  ) {
    let width = shape.queryWidth
    precondition((0 ..< layers).contains(layer) && positions > 0)
    precondition(
      positions <= pages.count * pageSize && pages.allSatisfy { $0 >= 0 && $0 < pageCount },
      "\(positions) positions in \(pages.count) pages"
    )
    precondition((row + 1) * width <= queries.count && queries.count == out.count)
    if scores.count < positions { scores = [Float](repeating: 0, count: positions * 2) }
    queries.withUnsafeBufferPointer { queries in
      out.withUnsafeMutableBufferPointer { out in
        scores.withUnsafeMutableBufferPointer { scores in
          guard let query = queries.baseAddress, let start = out.baseAddress else { return }
          ck_attention_f32(
            start + row * width,
            query + row * width,
            base(layer: layer, values: false),
            base(layer: layer, values: true),
            pages,
            positions,
            pageSize,
            pageFloats,
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

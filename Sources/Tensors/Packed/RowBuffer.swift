import CKernels
internal import Glibc

/// Rows of activations that one step after another reuses: (rows, width) floats, and their bytes where a product wants them.
///
/// Owned by one thread; not Sendable.
public final class RowBuffer {
  /// Floats of a row.
  public let width: Int
  /// Rows in use.
  public private(set) var rows = 0
  private var capacity = 0
  private(set) var values: UnsafeMutablePointer<Float>
  /// The memory that is its own, used unless it borrows rows.
  private var own: (values: UnsafeMutablePointer<Float>, capacity: Int)
  private var bytes: [QuantizedRows?] = Quantization.allCases.map { _ in nil }

  /// Starts without rows.
  public init(width: Int) {
    precondition(width > 0, "rows of width \(width)")
    self.width = width
    values = Self.allocate(floats: 16)
    own = (values, 0)
  }

  deinit { free(own.values) }

  /// Makes it `rows` rows; those that stay keep their numbers, new ones have any.
  public func resize(rows: Int) {
    precondition(rows >= 0, "\(rows) rows")
    if rows > capacity {
      let grown = Self.allocate(floats: rows * width)
      grown.update(from: values, count: self.rows * width)
      free(own.values)
      own = (grown, rows)
      (values, capacity) = own
    }
    self.rows = rows
    changed()
  }

  /// Keeps only the rows in `indices`, in their order, which rises.
  public func keep(_ indices: [Int]) {
    for (target, source) in indices.enumerated() where target != source {
      precondition(source > target && source < rows, "row \(source) of \(rows) to \(target)")
      (values + target * width).update(from: values + source * width, count: width)
    }
    rows = indices.count
    changed()
  }

  /// A copy of row `index`.
  public func row(_ index: Int) -> [Float] {
    precondition((0 ..< rows).contains(index), "row \(index) of \(rows)")
    return Array(UnsafeBufferPointer(start: values + index * width, count: width))
  }

  /// Copies numbers into row `index`.
  public func setRow(_ index: Int, _ numbers: [Float]) {
    precondition((0 ..< rows).contains(index) && numbers.count == width)
    (values + index * width).update(from: numbers, count: width)
    changed()
  }

  /// Makes row `index` a row of a matrix, which is as wide.
  ///
  /// Several may set different rows at once; the buffer must then be told by `tookRows`.
  public func setRow(_ index: Int, to matrix: Matrix, row source: Int) {
    precondition((0 ..< rows).contains(index) && matrix.inputs == width)
    matrix.withRow(source) { (values + index * width).update(from: $0, count: width) }
  }

  /// Adds a row of a matrix, which is as wide, to row `index`; for several at once see `setRow`.
  public func addRow(_ index: Int, _ matrix: Matrix, row source: Int) {
    precondition((0 ..< rows).contains(index) && matrix.inputs == width)
    let row = values + index * width
    matrix.withRow(source) { numbers in
      for place in 0 ..< width { row[place] += numbers[place] }
    }
  }

  /// Copies row `source` of `other`, which is as wide.
  public func setRow(_ index: Int, from other: RowBuffer, row source: Int) {
    precondition((0 ..< rows).contains(index) && (0 ..< other.rows).contains(source))
    precondition(other.width == width)
    (values + index * width).update(from: other.values + source * width, count: width)
    changed()
  }

  /// Takes some rows of another buffer, which is as wide, and no others.
  public func take(_ range: Range<Int>, of other: RowBuffer) {
    precondition(range.lowerBound >= 0 && range.upperBound <= other.rows && other.width == width)
    resize(rows: range.count)
    values.update(from: other.values + range.lowerBound * width, count: range.count * width)
  }

  /// Is some rows of another buffer, which is as wide, while `body` runs: what is written here is written there.
  ///
  /// Several may borrow different rows of one buffer at once, which keeps its size meanwhile and must then be told by
  /// `tookRows`. Without rows of its own afterwards.
  public func borrowing<Result>(_ range: Range<Int>, of other: RowBuffer, _ body: () -> Result)
    -> Result
  {
    precondition(range.lowerBound >= 0 && range.upperBound <= other.rows && other.width == width)
    (values, capacity, rows) = (other.values + range.lowerBound * width, range.count, range.count)
    changed()
    defer {
      precondition(values == other.values + range.lowerBound * width, "borrowed rows were too few")
      (values, capacity) = own
      rows = 0
      changed()
    }
    return body()
  }

  /// Says that others wrote its rows.
  public func tookRows() { changed() }

  /// Lends all rows, one after the other.
  public func withValues<Result, Failure: Error>(
    _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: values, count: rows * width).span)
  }

  /// Its numbers are others now: what was made from the old ones is worth nothing.
  func changed() {
    for form in bytes { form?.isCurrent = false }
  }

  /// Runs a kernel that writes all of its rows anew, and their bytes beside them if `format` reads bytes.
  func rewrite(for format: WeightFormat?, _ body: (UnsafePointer<ck_quantized>?) -> Void) {
    changed()
    guard let kind = format?.activations else { return body(nil) }
    var storage = ck_quantized()
    var isMade = false
    _ = quantized(kind) {
      storage = $0
      isMade = true
    }
    precondition(isMade, "bytes of old numbers were left")
    body(&storage)
  }

  /// Its rows as bytes, made by `make` if they are not there.
  func quantized(_ kind: Quantization, make: (ck_quantized) -> Void) -> ck_quantized {
    let form = bytes[kind.rawValue] ?? QuantizedRows(kind, width: width)
    bytes[kind.rawValue] = form
    if !form.isCurrent {
      form.reserve(rows: rows)
      make(form.storage)
      form.isCurrent = true
    }
    return form.storage
  }

  private static func allocate(floats: Int) -> UnsafeMutablePointer<Float> {
    let bytes = (floats * MemoryLayout<Float>.stride + 63) / 64 * 64
    guard let memory = aligned_alloc(64, bytes) else {
      preconditionFailure("no memory for \(floats) floats")
    }
    return memory.bindMemory(to: Float.self, capacity: floats)
  }
}

/// A row buffer's rows as bytes with their scales and sums.
private final class QuantizedRows {
  let kind: Quantization
  let width: Int
  var isCurrent = false
  private var capacity = 0
  private(set) var storage = ck_quantized()

  init(_ kind: Quantization, width: Int) {
    self.kind = kind
    self.width = width
  }

  deinit { release() }

  func reserve(rows: Int) {
    guard rows > capacity else { return }
    release()
    let groups = kind.groups(width: width)
    let bytes = rows * ck_quantized_width(width)
    storage = ck_quantized(
      q: .allocate(capacity: bytes),
      scale: .allocate(capacity: rows * groups),
      start: .allocate(capacity: rows * groups),
      offset: .allocate(capacity: rows * groups),
      groups: groups
    )
    capacity = rows
  }

  private func release() {
    storage.q?.deallocate()
    storage.scale?.deallocate()
    storage.start?.deallocate()
    storage.offset?.deallocate()
  }
}

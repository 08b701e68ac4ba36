import CKernels

/// Which experts of a layer run for which rows of a step.
///
/// A layer's neurons lie in experts of equal size, one after the other; every row runs those that a router predicts to be
/// strong: all whose prediction is at least τ of the row's largest. Szatkowski et al., arXiv:2310.04361.
///
/// Owned by one thread, which reuses it from layer to layer; not Sendable.
public final class ChosenExperts {
  /// Experts of the layer.
  public let experts: Int
  /// Neurons of an expert, a multiple of 16.
  public let size: Int
  /// Rows in use.
  public private(set) var rows = 0
  /// Pairs of row and expert that run.
  public var pairs: Int { storage.pairs }
  /// Whether all experts run for all rows.
  public var isAll: Bool { pairs == rows * experts }
  private(set) var storage = ck_chosen()
  private var capacity = 0
  /// What lists were made for; nil where there are none of these rows.
  private(set) var listed: WeightFormat?

  /// Starts without rows.
  public init(experts: Int, size: Int) {
    precondition(
      experts > 0 && size > 0 && size.isMultiple(of: 16) && experts * size <= Int32.max,
      "\(experts) experts of \(size)"
    )
    (self.experts, self.size) = (experts, size)
    storage.experts = experts
    storage.size = size
    storage.row_starts = .allocate(capacity: experts + 1)
  }

  deinit {
    storage.row_starts.deallocate()
    release()
  }

  /// Whether an expert runs for a row.
  public func runs(_ expert: Int, row: Int) -> Bool {
    precondition((0 ..< experts).contains(expert) && (0 ..< rows).contains(row))
    return storage.masks[row * experts + expert] != 0
  }

  /// Experts that run for a row.
  public func count(row: Int) -> Int {
    precondition((0 ..< rows).contains(row))
    let words = ck_words(&storage)
    let bits = UnsafeBufferPointer(start: storage.bits + row * words, count: words)
    return bits.reduce(0) { $0 + $1.nonzeroBitCount } / (size / 16)
  }

  /// Experts that run for any row.
  public var union: Int {
    let words = ck_words(&storage)
    return (0 ..< words).reduce(0) { count, word in
      let any = (0 ..< rows).reduce(UInt64(0)) { $0 | UInt64(storage.bits[$1 * words + word]) }
      return count + any.nonzeroBitCount
    } / (size / 16)
  }

  /// Chooses by predictions.
  ///
  /// - Parameters:
  ///   - predictions: (R, experts); signs do not matter. A row of zeros, or one with a NaN, runs whole.
  ///   - thresholds: (R), the τ of each row; 0 or less runs it whole.
  ///   - workers: whose kernels are used.
  public func choose(_ predictions: RowBuffer, thresholds: [Float], _ workers: Workers) {
    precondition(
      predictions.width == experts && thresholds.count == predictions.rows,
      "\(predictions.width) predictions of \(experts) experts, \(thresholds.count) thresholds"
    )
    resize(rows: predictions.rows)
    ck_choose(workers.crew.set, &storage, predictions.values, experts, thresholds)
    ck_mark_chosen(&storage)
  }

  /// Chooses as `masks` says: (R · experts).
  public func choose(_ masks: [Bool]) {
    precondition(masks.count.isMultiple(of: experts), "\(masks.count) of \(experts) experts")
    resize(rows: masks.count / experts)
    for (place, runs) in masks.enumerated() { storage.masks[place] = runs ? 1 : 0 }
    ck_mark_chosen(&storage)
  }

  /// Makes the lists that products into and from experts go by; a layer that is computed whole needs none.
  ///
  /// - Parameter format: of the matrix that experts lead into.
  public func list(for format: WeightFormat) {
    ck_list_chosen(&storage, format.code)
    listed = format
  }

  /// Says that a layer is computed whole, and masked: what stands between its maps is then wanted of all neurons.
  public func readAll() { storage.reads_all = true }

  private func resize(rows: Int) {
    self.rows = rows
    storage.rows = rows
    listed = nil
    guard rows > capacity || storage.masks == nil else { return }
    release()
    capacity = max(rows, 1)
    storage.masks = .allocate(capacity: capacity * experts)
    storage.rows_of = .allocate(capacity: capacity * experts)
    storage.bits = .allocate(capacity: capacity * ck_words(&storage))
    storage.listed = .allocate(capacity: ck_lists(capacity, experts, size))
  }

  private func release() {
    storage.masks?.deallocate()
    storage.rows_of?.deallocate()
    storage.bits?.deallocate()
    storage.listed?.deallocate()
  }
}

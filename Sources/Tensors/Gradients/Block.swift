/// Memory for numbers, which goes back to the pool that it came from.
///
/// Owned by one thread at a time; not Sendable.
final class Block<Number: Real> {
  let start: UnsafeMutablePointer<Number>
  let count: Int
  private let room: Int
  private let pool: BlockPool<Number>?

  /// Numbers that are not set yet.
  fileprivate init(
    _ start: UnsafeMutablePointer<Number>,
    count: Int,
    room: Int,
    pool: BlockPool<Number>?
  ) {
    self.start = start
    self.count = count
    self.room = room
    self.pool = pool
  }

  /// A copy of `values` in memory of its own.
  convenience init(_ values: [Number]) {
    let start = UnsafeMutablePointer<Number>.allocate(capacity: max(1, values.count))
    self.init(start, count: values.count, room: values.count, pool: nil)
    values.withUnsafeBufferPointer { source in
      if let address = source.baseAddress { start.update(from: address, count: count) }
    }
  }

  /// Zeros in memory of their own.
  convenience init(zeros count: Int) {
    let start = UnsafeMutablePointer<Number>.allocate(capacity: max(1, count))
    start.clear(count)
    self.init(start, count: count, room: count, pool: nil)
  }

  deinit {
    if let pool { pool.give(start, room: room) } else { start.deallocate() }
  }

  func clear() { start.clear(count) }

  var values: [Number] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// Memory of earlier steps, kept for the next ones: a step of learning needs the same sizes again and again, and asking
/// the system for them anew costs as much as some of the arithmetic.
final class BlockPool<Number: Real> {
  private var free: [Int: [UnsafeMutablePointer<Number>]] = [:]

  deinit { for list in free.values { for start in list { start.deallocate() } } }

  /// Numbers that are not set.
  func take(_ count: Int) -> Block<Number> {
    let room = Self.room(for: count)
    let start = free[room]?.popLast() ?? .allocate(capacity: room)
    return Block(start, count: count, room: room, pool: self)
  }

  /// Numbers that are 0.
  func takeZeros(_ count: Int) -> Block<Number> {
    let block = take(count)
    block.clear()
    return block
  }

  fileprivate func give(_ start: UnsafeMutablePointer<Number>, room: Int) {
    free[room, default: []].append(start)
  }

  /// Eight sizes for every doubling: ragged batches differ a little from step to step, and should fit what is there.
  private static func room(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    let unit = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 4)
    return (count + unit - 1) / unit * unit
  }
}

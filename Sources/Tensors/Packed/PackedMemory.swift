internal import Glibc

/// Memory that packed weights lie in: a part of a mapped file, or pages of our own.
public final class PackedMemory: @unchecked Sendable {
  // Read-only once built: a plan writes it before anyone else sees it, and nobody afterwards.
  let base: UnsafeMutableRawPointer
  /// Bytes in all.
  public let count: Int
  private let file: MappedFile?

  /// Reserves `count` bytes, zeroed, in huge pages where the system has them: a model is read from end to end for every
  /// token, and with small pages the walks through the page table cost a fifth of it.
  init(count: Int) {
    let huge = 1 << 21
    let size = (max(count, 1) + huge - 1) / huge * huge
    let protection = PROT_READ | PROT_WRITE
    guard let mapped = mmap(nil, size + huge, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapped != MAP_FAILED
    else { preconditionFailure("no memory for \(count) bytes of weights") }
    let start = Int(bitPattern: mapped)
    let skipped = (start + huge - 1) / huge * huge - start
    base = mapped + skipped
    if skipped > 0 { munmap(mapped, skipped) }
    munmap(base + size, huge - skipped)
    madvise(base, size, MADV_HUGEPAGE)
    self.count = count
    file = nil
  }

  /// A mapped file as packed memory.
  public init(_ file: MappedFile) {
    self.file = file
    base = UnsafeMutableRawPointer(mutating: file.start)
    count = file.count
  }

  /// Lends the bytes `range`.
  public func withBytes<Result, Failure: Error>(
    _ range: Range<Int>,
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) bytes")
    let start = (base + range.lowerBound).assumingMemoryBound(to: UInt8.self)
    return try body(UnsafeBufferPointer(start: start, count: range.count).span)
  }

  deinit {
    guard file == nil else { return }
    let huge = 1 << 21
    munmap(base, (max(count, 1) + huge - 1) / huge * huge)
  }
}

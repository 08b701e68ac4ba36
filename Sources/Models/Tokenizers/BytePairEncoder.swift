/// Byte-level byte-pair encoding: bytes become tokens, then the pair with the lowest rank merges, the
/// leftmost first, until none is left.
///
/// Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", ACL 2016,
/// arXiv:1508.07909, over bytes as in GPT-2.
struct BytePairEncoder: Sendable {
  /// The token of each byte, -1 where the vocabulary has none.
  let bytes: [Int32]
  /// What a byte without a token becomes; nil drops it, as the reference does without `unk_token`.
  let unknown: Int32?
  /// Pair of ids, left in the high half, to rank (high half) and merged id (low half).
  let merges: [UInt64: UInt64]
  /// Tokens by their bytes, where a piece that is one needs no merges to become it.
  var wholes: ByteTable?

  /// Buffers that are reused from piece to piece.
  struct Scratch: Sendable {
    fileprivate var ids: [Int32] = []
    fileprivate var previous: [Int32] = []
    fileprivate var next: [Int32] = []
    /// Candidate merges, rank in the high half and place in the low half, as a binary heap.
    fileprivate var heap: [UInt64] = []

    init() {}
  }

  /// Appends the ids of one pre-token.
  ///
  /// - Complexity: O(n log n) for n bytes.
  func encode(_ text: [UInt8], _ range: Range<Int>, scratch: inout Scratch, to ids: inout [Int32]) {
    if let id = wholes?.value(of: text, range) { return ids.append(id) }
    scratch.ids.removeAll(keepingCapacity: true)
    for index in range {
      let id = bytes[Int(text[index])]
      if id >= 0 {
        scratch.ids.append(id)
      } else if let unknown {
        scratch.ids.append(unknown)
      }
    }
    if scratch.ids.count > 1 { merge(&scratch) }
    for id in scratch.ids where id >= 0 { ids.append(id) }
  }

  /// Merges what can be merged; the places that a merge swallowed get the id -1.
  private func merge(_ scratch: inout Scratch) {
    let count = scratch.ids.count
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.next.removeAll(keepingCapacity: true)
    scratch.heap.removeAll(keepingCapacity: true)
    for place in 0 ..< count {
      scratch.previous.append(Int32(place - 1))
      scratch.next.append(place + 1 < count ? Int32(place + 1) : -1)
    }
    for place in 0 ..< count - 1 { offer(place, &scratch) }
    while let candidate = popMinimum(&scratch.heap) {
      let left = Int(candidate & 0xFFFF_FFFF)
      guard scratch.ids[left] >= 0, scratch.next[left] >= 0 else { continue }
      let right = Int(scratch.next[left])
      // A neighbour may have changed since this was offered; a rank belongs to one pair only.
      guard let merge = merges[pair(scratch.ids[left], scratch.ids[right])],
        merge >> 32 == candidate >> 32
      else { continue }
      scratch.ids[left] = Int32(truncatingIfNeeded: merge)
      scratch.ids[right] = -1
      let after = scratch.next[right]
      scratch.next[left] = after
      if after >= 0 {
        scratch.previous[Int(after)] = Int32(left)
        offer(left, &scratch)
      }
      let before = scratch.previous[left]
      if before >= 0 { offer(Int(before), &scratch) }
    }
  }

  private func offer(_ left: Int, _ scratch: inout Scratch) {
    let right = Int(scratch.next[left])
    guard let merge = merges[pair(scratch.ids[left], scratch.ids[right])] else { return }
    push(merge & 0xFFFF_FFFF_0000_0000 | UInt64(left), to: &scratch.heap)
  }

  private func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}

/// Adds to a binary heap whose smallest item is first.
private func push(_ item: UInt64, to heap: inout [UInt64]) {
  heap.append(item)
  var child = heap.count - 1
  while child > 0 {
    let parent = (child - 1) / 2
    if heap[parent] <= item { break }
    heap[child] = heap[parent]
    child = parent
  }
  heap[child] = item
}

/// Takes the smallest item of a binary heap.
private func popMinimum(_ heap: inout [UInt64]) -> UInt64? {
  guard let least = heap.first, let last = heap.popLast() else { return nil }
  guard !heap.isEmpty else { return least }
  var hole = 0
  while true {
    var child = hole * 2 + 1
    if child >= heap.count { break }
    if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
    if last <= heap[child] { break }
    heap[hole] = heap[child]
    hole = child
  }
  heap[hole] = last
  return least
}

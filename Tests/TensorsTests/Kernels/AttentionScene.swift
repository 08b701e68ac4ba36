import CKernels
import Support

@testable import Tensors

/// One sequence's queries, keys and values, with the keys and values stored in pages in random order; memory that
/// nobody may read is NaN.
struct AttentionScene {
  let width, groups, sharing, rows, seen: Int
  let isCausal: Bool
  let stored: ck_stored
  let pages: [Int32]
  let query: [Float]
  let keyRows, valueRows: Floats
  let keys, values: Floats

  var heads: Int { groups * sharing }
  var positions: Int { isCausal ? seen + rows - 1 : seen }
  var pageFloats: Int { Self.pageFloats(stored, groups, width) }

  static func pageFloats(_ stored: ck_stored, _ groups: Int, _ width: Int) -> Int {
    stored == ck_stored_int8 ? ck_page_floats_int8(groups, width) : ck_page_floats(groups, width)
  }

  init(
    set: KernelSet,
    seed: UInt64,
    width: Int? = nil,
    stored: ck_stored = ck_stored_float32
  ) {
    self.stored = stored
    var random = SplitMix64(seed: seed)
    self.width = width ?? [16, 32, 48, 64, 80, 128, 7, 33].randomElement(using: &random) ?? 16
    groups = .random(in: 1 ... 3, using: &random)
    sharing = .random(in: 1 ... 4, using: &random)
    rows = .random(in: 1 ... 17, using: &random)
    seen = .random(in: 1 ... (Bool.random(using: &random) ? 40 : 300), using: &random)
    isCausal = .random(using: &random)
    let positions = isCausal ? seen + rows - 1 : seen
    let used = (positions + 15) / 16
    pages = Array((0 ..< Int32(used + 3)).shuffled(using: &random).prefix(used))
    query = random.floats(rows * groups * sharing * self.width, most: 4)
    keyRows = Floats(random.floats(positions * groups * self.width))
    valueRows = Floats(random.floats(positions * groups * self.width))
    keys = Floats(repeating: .nan, count: (used + 3) * Self.pageFloats(stored, groups, self.width))
    values = Floats(repeating: .nan, count: keys.count)
    var position = 0
    while position < positions {
      let count = min(.random(in: 1 ... 40, using: &random), positions - position)
      store(set, position: position, count: count)
      position += count
    }
  }

  /// Stores some of the rows where they belong.
  func store(_ set: KernelSet, position: Int, count: Int) {
    let row = groups * width
    pages.withUnsafeBufferPointer { pages in
      var order = ck_store()
      order.keys = keys.base
      order.values = values.base
      order.page_stride = pageFloats
      order.pages = pages.baseAddress
      order.position = position
      order.key_rows = UnsafePointer(keyRows.base + position * row)
      order.value_rows = UnsafePointer(valueRows.base + position * row)
      order.row_stride = row
      order.rows = count
      order.groups = groups
      order.width = width
      order.stored = stored
      ck_store_keys_values(set.table, &order)
    }
  }

  /// What the rows get if they come cut into slices of the given sizes, each group by itself.
  func attended(_ set: KernelSet, slices: [Int]) -> Floats {
    let out = Floats(repeating: .nan, count: rows * heads * width)
    let queries = Floats(query)
    pages.withUnsafeBufferPointer { pages in
      for group in 0 ..< groups {
        var first = 0
        for slice in slices {
          var order = ck_attend()
          order.out = out.base + first * heads * width
          order.out_stride = heads * width
          order.query = UnsafePointer(queries.base + first * heads * width)
          order.query_stride = heads * width
          order.keys = UnsafePointer(keys.base)
          order.values = UnsafePointer(values.base)
          order.page_stride = pageFloats
          order.pages = pages.baseAddress
          order.rows = slice
          order.seen = isCausal ? seen + first : seen
          order.causal = isCausal
          order.group = group
          order.sharing = sharing
          order.width = width
          order.stored = stored
          order.scale = 1 / Float(width).squareRoot()
          ck_attend(set.table, &order)
          first += slice
        }
        precondition(first == rows)
      }
    }
    return out
  }

  /// Position t's keys and values, all groups, read from where attention.h says that they lie.
  func readBack() -> (keys: [Float], values: [Float]) {
    var (keys, values): ([Float], [Float]) = ([], [])
    for t in 0 ..< positions {
      for g in 0 ..< groups {
        let at = Int(pages[t / 16]) * pageFloats + g * pageFloats / groups
        for w in 0 ..< width {
          keys.append(number(self.keys, group: at, slot: t % 16, at: w * 16 + t % 16))
          values.append(number(self.values, group: at, slot: t % 16, at: t % 16 * width + w))
        }
      }
    }
    return (keys, values)
  }

  private func number(_ memory: Floats, group: Int, slot: Int, at index: Int) -> Float {
    guard stored == ck_stored_int8 else { return memory.base[group + index] }
    let bytes = UnsafeRawPointer(memory.base + group + 16)
    return Float(bytes.load(fromByteOffset: index, as: Int8.self)) * memory.base[group + slot]
  }

  /// The same by the plain function, from what the pages hold.
  func expected() -> [Float] {
    let (keys, values) = readBack()
    let out = Floats(repeating: 0, count: rows * heads * width)
    let queries = Floats(query)
    let scores = Floats(repeating: 0, count: positions)
    let order = (0 ..< Int32(positions)).map { $0 }
    for r in 0 ..< rows {
      let at = r * heads * width
      ck_attention_f32(
        out.base + at,
        queries.base + at,
        keys,
        values,
        order,
        isCausal ? seen + r : seen,
        1,
        groups * width,
        heads,
        groups,
        width,
        1 / Float(width).squareRoot(),
        scores.base
      )
    }
    return out.values
  }
}

import CKernels
import Support

/// One sequence's queries, keys and values, with the keys and values stored in pages in random order; memory that
/// nobody may read is NaN.
struct AttentionScene {
  let width, groups, sharing, rows, seen: Int
  let isCausal: Bool
  let pages: [Int32]
  let query: [Float]
  let keyRows, valueRows: Floats
  let keys, values: Floats

  var heads: Int { groups * sharing }
  var positions: Int { isCausal ? seen + rows - 1 : seen }
  var pageFloats: Int { ck_page_floats(groups, width) }

  init(set: KernelSet, seed: UInt64, width: Int? = nil) {
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
    keys = Floats(repeating: .nan, count: (used + 3) * ck_page_floats(groups, self.width))
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
          order.scale = 1 / Float(width).squareRoot()
          ck_attend(set.table, &order)
          first += slice
        }
        precondition(first == rows)
      }
    }
    return out
  }

  /// The same by the plain function, which reads rows that were never put into pages.
  func expected() -> [Float] {
    let out = Floats(repeating: 0, count: rows * heads * width)
    let queries = Floats(query)
    let scores = Floats(repeating: 0, count: positions)
    let order = (0 ..< Int32(positions)).map { $0 }
    for r in 0 ..< rows {
      let at = r * heads * width
      ck_attention_f32(
        out.base + at,
        queries.base + at,
        keyRows.base,
        valueRows.base,
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

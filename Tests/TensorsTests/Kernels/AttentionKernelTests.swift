import CKernels
import Support
import Testing

@testable import Tensors

/// Attention over pages is the plain function's, and each row's result is its own.
struct AttentionKernelTests {
  private func everySlicingIsTheReference(_ set: KernelSet, _ scene: AttentionScene, _ seed: UInt64)
  {
    let whole = scene.attended(set, slices: [scene.rows])
    #expect(worst(whole.values, scene.expected(), floor: 1) <= 3e-6, "seed \(seed)")

    let alone = scene.attended(set, slices: Array(repeating: 1, count: scene.rows))
    #expect(alone.bits == whole.bits, "seed \(seed)")

    var random = SplitMix64(seed: seed)
    var slices: [Int] = []
    var left = scene.rows
    while left > 0 {
      slices.append(.random(in: 1 ... left, using: &random))
      left -= slices.last ?? left
    }
    #expect(scene.attended(set, slices: slices).bits == whole.bits, "seed \(seed), \(slices)")
  }

  static let formats = [ck_stored_float32, ck_stored_int8]

  @Test(arguments: KernelSet.here, 0 ..< 60)
  func slicesAreInvisible(set: KernelSet, seed: UInt64) {
    for stored in Self.formats {
      everySlicingIsTheReference(set, AttentionScene(set: set, seed: seed, stored: stored), seed)
    }
  }

  @Test(arguments: KernelSet.here)
  func everyWidth(set: KernelSet) {
    for width in 1 ... 70 {
      let seed = UInt64(1_000 + width)
      for stored in Self.formats {
        let scene = AttentionScene(set: set, seed: seed, width: width, stored: stored)
        everySlicingIsTheReference(set, scene, seed)
      }
    }
  }

  /// Positions after a row's own may hold anything, though rows beside it in the same call do see them.
  @Test(arguments: KernelSet.here, 0 ..< 20)
  func laterPositionsAreNotRead(set: KernelSet, seed: UInt64) {
    let stored = Self.formats[Int(seed % 2)]
    let scene = AttentionScene(set: set, seed: 3 * seed + 7, stored: stored)
    guard scene.isCausal, scene.rows > 1 else { return }
    let before = scene.attended(set, slices: [scene.rows])
    let last = scene.positions - 1
    for i in 0 ..< scene.groups * scene.width {
      scene.keyRows.base[last * scene.groups * scene.width + i] = .nan
      scene.valueRows.base[last * scene.groups * scene.width + i] = .infinity
    }
    scene.store(set, position: last, count: 1)
    let after = scene.attended(set, slices: [scene.rows])
    let untouched = (scene.rows - 1) * scene.heads * scene.width
    #expect(after.bits.prefix(untouched) == before.bits.prefix(untouched), "seed \(seed)")
    #expect(after.values.suffix(from: untouched).allSatisfy { $0.isNaN }, "seed \(seed)")
  }

  /// Each stored number lies where attention.h says, and no other is written.
  @Test(arguments: KernelSet.here, 0 ..< 40)
  func pagesHoldWhatWasStored(set: KernelSet, seed: UInt64) {
    let scene = AttentionScene(set: set, seed: 500 + seed)
    let (keys, values) = scene.readBack()
    #expect(keys == scene.keyRows.values && values == scene.valueRows.values, "seed \(seed)")
    let untouched = scene.keys.count - keys.count
    #expect(scene.keys.values.count { $0.isNaN } == untouched, "seed \(seed)")
    #expect(scene.values.values.count { $0.isNaN } == untouched, "seed \(seed)")
  }

  /// A byte is off by half a step at the most, and the largest number of a head is 127 steps.
  @Test(arguments: KernelSet.here, 0 ..< 20)
  func bytesAreTheNearest(set: KernelSet, seed: UInt64) {
    let scene = AttentionScene(set: set, seed: 700 + seed, stored: ck_stored_int8)
    let (keys, values) = scene.readBack()
    for (bytes, rows) in [(keys, scene.keyRows.values), (values, scene.valueRows.values)] {
      for first in stride(from: 0, to: rows.count, by: scene.width) {
        let head = first ..< first + scene.width
        let step = (rows[head].map(abs).max() ?? 0) / 127
        let off = head.map { abs(bytes[$0] - rows[$0]) }.max() ?? 0
        #expect(off <= step * 0.5001, "seed \(seed), number \(first)")
      }
    }
  }

  /// An encoder's text lies in scratch pages, one after the other, with keys and values inside wider rows.
  @Test(arguments: KernelSet.here, [1, 7, 8, 16, 31, 32, 100, 128, 129, 260])
  func textsNeedNoPageTable(set: KernelSet, tokens: Int) {
    var random = SplitMix64(seed: UInt64(tokens))
    let (heads, width) = (12, 32)
    let model = heads * width
    let fused = Floats(random.floats(tokens * 3 * model, most: 2))
    let used = (tokens + 15) / 16 * ck_page_floats(heads, width)
    let (keys, values) = (
      Floats(repeating: .nan, count: used), Floats(repeating: .nan, count: used)
    )
    let out = Floats(repeating: .nan, count: tokens * model)
    var store = ck_store()
    store.keys = keys.base
    store.values = values.base
    store.page_stride = ck_page_floats(heads, width)
    store.key_rows = UnsafePointer(fused.base + model)
    store.value_rows = UnsafePointer(fused.base + 2 * model)
    store.row_stride = 3 * model
    store.rows = tokens
    store.groups = heads
    store.width = width
    ck_store_keys_values(set.table, &store)
    for group in 0 ..< heads {
      var order = ck_attend()
      order.out = out.base
      order.out_stride = model
      order.query = UnsafePointer(fused.base)
      order.query_stride = 3 * model
      order.keys = UnsafePointer(keys.base)
      order.values = UnsafePointer(values.base)
      order.page_stride = store.page_stride
      order.rows = tokens
      order.seen = tokens
      order.group = group
      order.sharing = 1
      order.width = width
      order.scale = 0.25
      ck_attend(set.table, &order)
    }
    let (expected, scores) = (Floats(out.values), Floats(repeating: 0, count: tokens))
    for r in 0 ..< tokens {
      ck_attention_f32(
        expected.base + r * model,
        fused.base + r * 3 * model,
        fused.base + model,
        fused.base + 2 * model,
        (0 ..< Int32(tokens)).map { $0 },
        tokens,
        1,
        3 * model,
        heads,
        heads,
        width,
        0.25,
        scores.base
      )
    }
    #expect(worst(out.values, expected.values, floor: 1) <= 3e-6)
  }
}

import CKernels
import Support
import Testing

@testable import Tensors

/// Norms are what engine.h says plainly, at every width, and a row's result is its own.
struct NormKernelTests {
  static let widths = Array(1 ... 70) + [384, 576, 1_001, 4_096]

  /// Rows of random numbers around different means, and what a norm needs besides.
  private struct Scene {
    let rows, width: Int
    let x, residual, gain, bias: [Float]

    init(width: Int) {
      var random = SplitMix64(seed: UInt64(width))
      rows = width % 17 + 1
      self.width = width
      let means = random.floats(rows, most: 4)
      x = random.floats(rows * width, most: 3).enumerated().map { $1 + means[$0 / width] }
      residual = random.floats(rows * width, most: 3)
      gain = random.floats(width).map { 1 + $0 }
      bias = random.floats(width)
    }

    func row(_ r: Int, of values: [Float]) -> [Float] {
      Array(values[r * width ..< (r + 1) * width])
    }
  }

  @Test(arguments: KernelSet.here)
  func normsAreTheReference(set: KernelSet) {
    for width in Self.widths {
      let scene = Scene(width: width)
      let (x, y) = (Floats(scene.x), Floats(scene.x))
      let reference = Floats(scene.x)
      ck_rms_norm(set.table, y.base, x.base, scene.gain, scene.rows, width, 1e-5)
      ck_rms_norm_f32(reference.base, x.base, scene.gain, scene.rows, width, 1e-5)
      #expect(worst(y.values, reference.values, floor: 1e-6) <= 2e-6, "width \(width)")

      ck_layer_norm(set.table, y.base, x.base, scene.gain, scene.bias, scene.rows, width, 1e-5)
      ck_layer_norm_f32(reference.base, x.base, scene.gain, scene.bias, scene.rows, width, 1e-5)
      // Subtracting the mean cancels, so the bound is relative to the row's spread.
      #expect(worst(y.values, reference.values, floor: 1) <= 2e-6, "width \(width)")

      let none = [Float](repeating: 0, count: width)
      ck_layer_norm(set.table, y.base, x.base, scene.gain, nil, scene.rows, width, 1e-5)
      ck_layer_norm_f32(reference.base, x.base, scene.gain, none, scene.rows, width, 1e-5)
      #expect(worst(y.values, reference.values, floor: 1) <= 2e-6, "width \(width)")
      #expect(x.values == scene.x)
    }
  }

  @Test(arguments: KernelSet.here)
  func normsOfSumsAreBothStepsAtOnce(set: KernelSet) {
    for width in Self.widths {
      let scene = Scene(width: width)
      let (sum, plain) = (Floats(scene.x), Floats(scene.x))
      ck_add(set.table, sum.base, scene.residual, sum.count)
      let (x, y) = (Floats(scene.x), Floats(scene.x))

      ck_rms_norm(set.table, plain.base, sum.base, scene.gain, scene.rows, width, 1e-5)
      ck_add_rms_norm(
        set.table,
        y.base,
        x.base,
        scene.residual,
        scene.gain,
        scene.rows,
        width,
        1e-5
      )
      #expect(x.bits == sum.bits && y.bits == plain.bits, "width \(width)")

      ck_layer_norm(
        set.table,
        plain.base,
        sum.base,
        scene.gain,
        scene.bias,
        scene.rows,
        width,
        1e-5
      )
      let inPlace = Floats(scene.x)
      ck_add_layer_norm(
        set.table,
        inPlace.base,
        inPlace.base,
        scene.residual,
        scene.gain,
        scene.bias,
        scene.rows,
        width,
        1e-5
      )
      #expect(inPlace.bits == plain.bits, "width \(width)")
    }
  }

  @Test(arguments: KernelSet.here)
  func batchMatesAreInvisibleToNorms(set: KernelSet) {
    for width in Self.widths {
      let scene = Scene(width: width)
      let (rms, layer) = (Floats(scene.x), Floats(scene.x))
      ck_rms_norm(set.table, rms.base, rms.base, scene.gain, scene.rows, width, 1e-5)
      ck_layer_norm(
        set.table,
        layer.base,
        layer.base,
        scene.gain,
        scene.bias,
        scene.rows,
        width,
        1e-5
      )
      for r in 0 ..< scene.rows {
        let alone = Floats(scene.row(r, of: scene.x))
        ck_rms_norm(set.table, alone.base, alone.base, scene.gain, 1, width, 1e-5)
        #expect(alone.values == scene.row(r, of: rms.values), "row \(r), width \(width)")
        let other = Floats(scene.row(r, of: scene.x))
        ck_layer_norm(set.table, other.base, other.base, scene.gain, scene.bias, 1, width, 1e-5)
        #expect(other.values == scene.row(r, of: layer.values), "row \(r), width \(width)")
      }
    }
  }
}

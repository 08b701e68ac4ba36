import CKernels

/// How the numbers of a stored weight are encoded.
public enum ElementType: String, Sendable, CaseIterable {
  /// IEEE binary32.
  case f32 = "F32"
  /// IEEE binary16.
  case f16 = "F16"
  /// The upper half of a binary32.
  case bf16 = "BF16"
  /// Blocks of 32 signed bytes with one binary16 scale.
  case q8_0 = "Q8_0"
  /// Blocks of 32 nibbles around 8 with one binary16 scale.
  case q4_0 = "Q4_0"
  /// Blocks of 32 nibbles with a binary16 scale and minimum.
  case q4_1 = "Q4_1"

  /// Elements that are stored together.
  public var blockElements: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q8_0, .q4_0, .q4_1: 32
    }
  }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    }
  }

  /// Bytes of `count` elements; nil if they are not whole blocks or the product overflows.
  public func bytes(count: Int) -> Int? {
    guard count >= 0, count % blockElements == 0 else { return nil }
    let (bytes, overflow) = (count / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}

/// Decodes `count` elements, whole blocks, at any alignment.
func decode(
  _ type: ElementType,
  from source: UnsafeRawPointer,
  into target: UnsafeMutablePointer<Float>,
  count: Int
) {
  let bytes = source.assumingMemoryBound(to: UInt8.self)
  switch type {
  case .f32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
  case .f16: ck_decode_f16(bytes, target, count)
  case .bf16: ck_decode_bf16(bytes, target, count)
  case .q8_0: ck_decode_q8_0(bytes, target, count)
  case .q4_0: ck_decode_q4_0(bytes, target, count)
  case .q4_1: ck_decode_q4_1(bytes, target, count)
  }
}

/// What `decode` must give, by the plain twins of its kernels.
func decodeReference(_ type: ElementType, _ source: [UInt8], count: Int) -> [Float] {
  precondition(type.bytes(count: count) == source.count, "\(source.count) bytes of \(type)")
  return [Float](unsafeUninitializedCapacity: count) { target, initialized in
    initialized = count
    guard let target = target.baseAddress else { return }
    switch type {
    case .f32:
      for i in 0 ..< count {
        let bits = (0 ..< 4).reduce(UInt32(0)) { $0 | UInt32(source[4 * i + $1]) << (8 * $1) }
        (target + i).initialize(to: Float(bitPattern: bits))
      }
    case .f16: ck_decode_f16_reference(source, target, count)
    case .bf16: ck_decode_bf16_reference(source, target, count)
    case .q8_0: ck_decode_q8_0_reference(source, target, count)
    case .q4_0: ck_decode_q4_0_reference(source, target, count)
    case .q4_1: ck_decode_q4_1_reference(source, target, count)
    }
  }
}

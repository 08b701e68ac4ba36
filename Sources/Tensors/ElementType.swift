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
  /// Blocks of 32 five-bit numbers around 16 with one binary16 scale.
  case q5_0 = "Q5_0"
  /// Blocks of 32 five-bit numbers with a binary16 scale and minimum.
  case q5_1 = "Q5_1"
  /// Blocks of 256 nibbles in groups of 32, each with a six-bit scale and minimum.
  case q4_k = "Q4_K"
  /// Blocks of 256 five-bit numbers in groups of 32, each with a six-bit scale and minimum.
  case q5_k = "Q5_K"
  /// Blocks of 256 six-bit numbers around 32 in groups of 16, each with an eight-bit scale.
  case q6_k = "Q6_K"

  /// Elements that are stored together.
  public var blockElements: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1: 32
    case .q4_k, .q5_k, .q6_k: 256
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
    case .q5_0: 22
    case .q5_1: 24
    case .q4_k: 144
    case .q5_k: 176
    case .q6_k: 210
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
  case .q5_0: ck_decode_q5_0(bytes, target, count)
  case .q5_1: ck_decode_q5_1(bytes, target, count)
  case .q4_k: ck_decode_q4_k(bytes, target, count)
  case .q5_k: ck_decode_q5_k(bytes, target, count)
  case .q6_k: ck_decode_q6_k(bytes, target, count)
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
    case .q5_0: ck_decode_q5_0_reference(source, target, count)
    case .q5_1: ck_decode_q5_1_reference(source, target, count)
    case .q4_k: ck_decode_q4_k_reference(source, target, count)
    case .q5_k: ck_decode_q5_k_reference(source, target, count)
    case .q6_k: ck_decode_q6_k_reference(source, target, count)
    }
  }
}

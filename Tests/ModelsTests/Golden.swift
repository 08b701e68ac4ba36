import Models
import Support
import Testing

/// What a model must answer, as Benchmarks/oracles wrote it.
struct Golden {
  let json: JSON

  init(_ name: String) throws {
    let path = Fixtures.path("golden/\(name).json")
    json = try JSON(parsing: Fixtures.bytes(path), path: path)
  }

  func floats(_ key: String) throws -> [Float] {
    try #require(json[key]?.items).compactMap { $0.number.map { Float($0) } }
  }

  func tokens(_ key: String) throws -> [Int32] {
    try #require(json[key]?.items).compactMap { $0.integer.map { Int32($0) } }
  }
}

/// The largest |a − b| over the largest |b|; infinite where the counts differ.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count, !a.isEmpty else { return .infinity }
  let distance = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
  return distance / b.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
}

/// The cosine of two vectors.
func cosine(_ a: [Float], _ b: [Float]) -> Double {
  var (dot, aa, bb) = (0.0, 0.0, 0.0)
  for (x, y) in zip(a, b) {
    dot += Double(x) * Double(y)
    aa += Double(x) * Double(x)
    bb += Double(y) * Double(y)
  }
  return dot / (aa * bb).squareRoot()
}

extension Checkpoint {
  /// The reference of a checkpoint that must be a Llama.
  func llama() throws -> LlamaReference {
    guard case .llama(let configuration, let weights) = family else {
      throw FormatError(path: path, reason: "is no llama")
    }
    return LlamaReference(configuration: configuration, weights: weights)
  }

  /// The reference of a checkpoint that must be a BERT.
  func bert() throws -> BertReference {
    guard case .bert(let configuration, let weights) = family else {
      throw FormatError(path: path, reason: "is no bert")
    }
    return BertReference(configuration: configuration, weights: weights)
  }
}

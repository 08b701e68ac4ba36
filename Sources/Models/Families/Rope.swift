internal import Foundation

/// How the frequencies of rotary positions were changed so that longer sequences fit.
public enum RopeScaling: Sendable, Equatable {
  /// As Su et al., "RoFormer", arXiv:2104.09864.
  case none
  /// Every frequency divided by `factor`: positions are interpolated.
  case linear(factor: Double)
  /// Low frequencies divided by `factor`, high ones kept, those between blended, as Llama 3.1.
  case llama3(
    factor: Double,
    lowFrequency: Double,
    highFrequency: Double,
    originalPositions: Int
  )
  /// Every frequency divided by its own factor, `headWidth / 2` of them, as GGUF files store it.
  case factors([Float])
}

/// The angles by which a head's number pairs turn per position.
///
/// Pair i of a head joins elements i and i + headWidth / 2 (rotate-half).
///
/// - Parameter configuration: of the model.
/// - Returns: `headWidth / 2` inverse frequencies in radians, scaling applied.
public func ropeFrequencies(_ configuration: LlamaConfiguration) -> [Float] {
  let pairs = configuration.headWidth / 2
  return (0 ..< pairs).map { pair in
    let plain = pow(configuration.ropeBase, -Double(pair) / Double(pairs))
    switch configuration.ropeScaling {
    case .none: return Float(plain)
    case .linear(let factor): return Float(plain / factor)
    case .factors(let factors): return Float(plain / Double(factors[pair]))
    case .llama3(let factor, let low, let high, let positions):
      let turns = Double(positions) * plain / (2 * Double.pi)
      let kept = min(max((turns - low) / (high - low), 0), 1)
      return Float((1 - kept) * plain / factor + kept * plain)
    }
  }
}

/// Cosines and sines of every rotary angle for positions `0 ..< positions`.
public struct RopeTable: Sendable {
  /// Rows of the table.
  public let positions: Int
  /// Pairs that turn in one head: half its width.
  public let pairs: Int
  /// (positions, pairs).
  public let cosines: [Float]
  /// (positions, pairs).
  public let sines: [Float]

  /// Computes the table of a model.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - positions: how many, from 0.
  public init(_ configuration: LlamaConfiguration, positions: Int) {
    let frequencies = ropeFrequencies(configuration)
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positions * frequencies.count)
    sines.reserveCapacity(positions * frequencies.count)
    for position in 0 ..< positions {
      for frequency in frequencies {
        // The product is rounded to float32 first, as in training.
        let angle = Double(Float(position) * frequency)
        cosines.append(Float(cos(angle)))
        sines.append(Float(sin(angle)))
      }
    }
    self.positions = positions
    self.pairs = frequencies.count
    self.cosines = cosines
    self.sines = sines
  }

  /// Turns one head at `position`, in place.
  ///
  /// - Parameters:
  ///   - values: holds the head.
  ///   - start: index of the head's first number.
  ///   - position: of the token, below `positions`.
  public func turn(_ values: inout MutableSpan<Float>, start: Int, position: Int) {
    precondition(position >= 0 && position < positions, "position \(position) of \(positions)")
    for pair in 0 ..< pairs {
      let cosine = cosines[position * pairs + pair]
      let sine = sines[position * pairs + pair]
      let first = values[start + pair]
      let second = values[start + pair + pairs]
      values[start + pair] = first * cosine - second * sine
      values[start + pair + pairs] = second * cosine + first * sine
    }
  }
}

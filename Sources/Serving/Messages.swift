import Inference
import Wire

// What travels in DATA: pieces of input one way, results the other; docs/PROTOCOL.md §6.

extension Piece {
  /// Reads an input message.
  ///
  /// - Throws: `bad_message` for anything but str, bin, or an array of unsigned integers.
  init(_ message: Value) throws(WireError) {
    switch message {
    case .string(let text): self = .text(Array(text.utf8))
    case .binary(let bytes): self = .text(bytes)
    case .array(let items):
      var ids: [Int32] = []
      ids.reserveCapacity(items.count)
      for item in items {
        guard let number = item.asInt, let id = Int32(exactly: number), id >= 0 else {
          throw WireError(.badMessage, "an array of input holds token ids, integers from 0")
        }
        ids.append(id)
      }
      self = .tokens(ids)
    default:
      throw WireError(.badMessage, "input is str, bin, or an array of token ids")
    }
  }
}

extension Emission {
  /// The message of a result; nil for what is no result.
  var message: Value? {
    switch self {
    case .token(_, let token):
      .array([Value(token.token), .string(token.text), .float(token.logProbability)])
    case .prediction(_, let prediction):
      .array([
        Value(prediction.position), Value(prediction.token),
        .array(prediction.candidates.map { .array([Value($0.token), .float($0.logProbability)]) }),
      ])
    case .embedding(_, let index, let vector):
      .array([Value(index), .binary(littleEndianBytes(of: vector))])
    case .labels(_, let index, let scores):
      .array([
        Value(index), .array(scores.map { .array([.string($0.label), .float($0.score)]) }),
      ])
    case .verdict(_, let verdict): verdict.message
    case .tokens(_, let ids): .array(ids.map { Value($0) })
    case .consumed, .checked, .ended: nil
    }
  }
}

extension Verdict {
  /// [position, token, layer, [[label, probability], …], macs, macs_dense, experts], and the text if it was asked for.
  fileprivate var message: Value {
    let labels = scores.map { Value.array([.string($0.label), .float($0.score)]) }
    let numbers: [Value] = [Value(position), Value(token), Value(layer)]
    let costs: [Value] = [Value(macs), Value(macsDense), .float(Float(experts))]
    return .array(numbers + [.array(labels)] + costs + (text.map { [.string($0)] } ?? []))
  }
}

/// The floats' bytes, least significant first: 4 per element.
func littleEndianBytes(of vector: [Float]) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(vector.count * 4)
  for element in vector {
    let bits = element.bitPattern
    for shift in [0, 8, 16, 24] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
  }
  return bytes
}

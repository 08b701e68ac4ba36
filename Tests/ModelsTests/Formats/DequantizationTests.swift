import Models
import Support
import Tensors
import Testing

/// Every element type decodes to what the gguf package makes of the same bytes, bit for bit.
struct DequantizationTests {
  private func bytes(_ json: JSON?) throws -> [UInt8] {
    let hex = try #require(json?.bytes)
    return stride(from: 0, to: hex.count, by: 2).compactMap {
      UInt8(String(decoding: hex[$0 ..< $0 + 2], as: UTF8.self), radix: 16)
    }
  }

  @Test(arguments: ElementType.allCases)
  func valuesAreThoseOfTheFormat(type: ElementType) throws {
    let golden = try #require(try Golden("tiny/dequantization").json[type.rawValue])
    let stored = try bytes(golden["stored"])
    let values = try bytes(golden["values"])
    let folder = try TemporaryFolder()
    // One byte in front: stored weights need not be aligned.
    let file = try MappedFile(path: try folder.write([0] + stored, to: "stored"))
    let decoded = file.floats(type, at: 1, count: values.count / 4)
    #expect(decoded.count >= 256)
    #expect(decoded.count * 4 == values.count)
    for (i, value) in decoded.enumerated() {
      let bits = (0 ..< 4).reduce(UInt32(0)) { $0 | UInt32(values[4 * i + $1]) << (8 * $1) }
      let wanted = Float(bitPattern: bits)
      #expect(value.bitPattern == bits || (value.isNaN && wanted.isNaN), "\(type) \(i)")
    }
  }
}

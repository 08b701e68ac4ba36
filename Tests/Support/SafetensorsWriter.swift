import Foundation

/// Writes float32 tensors as a safetensors file.
struct SafetensorsWriter {
  private var header: [String] = []
  private var body = Data()

  /// Adds a tensor; `values` in row-major order.
  mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    let start = body.count
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { body.append(contentsOf: $0) }
    }
    header.append(
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(body.count)]}"
    )
  }

  /// Writes the file.
  func write(to path: String) throws {
    var text = Data("{\(header.joined(separator: ","))}".utf8)
    while !text.count.isMultiple(of: 8) { text.append(0x20) }
    var file = Data()
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { file.append(contentsOf: $0) }
    try (file + text + body).write(to: URL(fileURLWithPath: path))
  }
}

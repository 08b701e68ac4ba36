/// Why the numbers of a configuration do not fit each other, and which of them to blame.
struct ShapeFault {
  /// A number that every kind of file has under a key of its own.
  enum Field {
    case width, heads, keyValueHeads, headWidth, positions
  }

  /// What does not fit.
  let reason: String
  /// The numbers that do not fit; a file may lack the first, and then the next is to blame.
  let fields: [Field]

  init(_ reason: String, _ fields: Field...) { (self.reason, self.fields) = (reason, fields) }
}

extension ConfigurationFile {
  /// Blames the first of the fault's numbers that is in the file.
  func blame(_ fault: ShapeFault, keys: [ShapeFault.Field: String]) -> FormatError {
    let key = fault.fields.compactMap { keys[$0] }.first { value($0) != nil }
    return blame(fault.reason, at: key.map { [.named($0)] })
  }
}

extension GGUF {
  /// Blames the first of the fault's numbers that is in the file.
  func blame(_ fault: ShapeFault, keys: [ShapeFault.Field: String]) -> FormatError {
    let key = fault.fields.compactMap { keys[$0] }.first { metadata[$0] != nil }
    return blame(fault.reason, at: key.map { [.named($0)] })
  }
}

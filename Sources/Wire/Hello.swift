/// The first frame of each side: who it is and what it takes.
public struct Hello: Sendable, Equatable {
  /// The protocol version that this module speaks.
  public static let version: UInt64 = 1

  /// The versions that the sender speaks.
  public var versions: [UInt64]
  /// The sender's name and version, for logs.
  public var software: String
  /// What the sender is ready to take.
  public var limits: Limits

  /// Makes a HELLO of version 1.
  ///
  /// - Parameters:
  ///   - software: the sender's name and version.
  ///   - limits: what the sender is ready to take.
  public init(software: String = "", limits: Limits = Limits()) {
    versions = [Self.version]
    self.software = software
    self.limits = limits
  }

  init(reading entries: [Value.Entry]) throws(WireError) {
    guard let items = entries["versions"]?.asArray else {
      throw malformed("HELLO without an array `versions`")
    }
    versions = []
    for item in items {
      guard let version = item.asUInt else {
        throw malformed("a version that is no unsigned integer")
      }
      versions.append(version)
    }
    software = ""
    if let value = entries["software"] {
      guard let name = value.asString else { throw malformed("`software` is not a string") }
      software = clipped(name, bytesMax: 256)
    }
    limits = Limits()
    if let value = entries["limits"] {
      guard let map = value.asMap else { throw malformed("`limits` is not a map") }
      limits = try Limits(reading: map)
    }
  }

  var entries: [Value.Entry] {
    [
      Value.Entry("versions", .array(versions.map(Value.uint))),
      Value.Entry("software", .string(software)),
      Value.Entry("limits", limits.value),
    ]
  }
}

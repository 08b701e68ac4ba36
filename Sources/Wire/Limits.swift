/// What one side of a connection is ready to take: the table of PROTOCOL.md §3.1.
///
/// The first thirteen travel in HELLO. The others are a server's own and stay at home.
public struct Limits: Sendable, Equatable {
  /// Bytes of one frame after its length prefix.
  public var frameBytesMax = 1_048_576
  /// Streams open at once on the connection.
  public var streamsMax = 100
  /// Bytes of DATA that a stream may send before it is given more.
  public var streamCredit = 65_536
  /// Bytes of DATA that all streams together may send before they are given more.
  public var connectionCredit = 1_048_576
  /// Bytes of one metadata map as encoded.
  public var metadataBytesMax = 8_192
  /// Entries of one metadata map.
  public var metadataCountMax = 64
  /// Containers inside each other, the frame's array included.
  public var depthMax = 8
  /// MessagePack values in one frame, containers and keys included.
  public var itemsMax = 65_536
  /// PINGs in any one second.
  public var pingsMax = 10
  /// PINGs over `pingsMax` that are dropped before the connection ends; sending DATA forgives them.
  public var pingStrikesMax = 2
  /// Streams in any one second that the client cancels, or that are refused as they are opened.
  public var resetsMax = 1000
  /// How long a connection without streams may be silent; zero is for ever.
  public var idle: Duration = .seconds(300)
  /// Bytes of frames other than DATA that may wait for the peer to read them.
  public var controlBytesMax = 1_048_576

  /// How long the peer's HELLO may take; not sent.
  public var hello: Duration = .seconds(10)
  /// Bytes of any frames that may wait for the peer to read them before DATA is held back; not sent.
  public var outputBytesMax = 1_048_576

  /// After so long without a frame the server sends PING; zero is never, and not sent.
  public var keepalive: Duration = .zero
  /// How long a frame may take to come after that PING; not sent.
  public var keepaliveTimeout: Duration = .seconds(20)
  /// After so long a server takes no more streams on the connection; zero is never, and not sent.
  public var age: Duration = .zero

  /// The defaults of version 1.
  public init() {}
}

extension Limits {
  private static var counts: [(key: String, path: WritableKeyPath<Limits, Int>, min: Int)] {
    [
      ("frame_bytes_max", \.frameBytesMax, 16_384),
      ("streams_max", \.streamsMax, 0),
      ("stream_credit", \.streamCredit, 0),
      ("connection_credit", \.connectionCredit, 0),
      ("metadata_bytes_max", \.metadataBytesMax, 0),
      ("metadata_count_max", \.metadataCountMax, 0),
      ("depth_max", \.depthMax, 8),
      ("items_max", \.itemsMax, 4_096),
      ("pings_max", \.pingsMax, 0),
      ("ping_strikes_max", \.pingStrikesMax, 0),
      ("resets_max", \.resetsMax, 0),
      ("control_bytes_max", \.controlBytesMax, 0),
    ]
  }

  /// These limits as HELLO carries them.
  public var value: Value {
    let counts = Self.counts.map { Value.Entry($0.key, Value(self[keyPath: $0.path])) }
    return .map(counts + [Value.Entry("idle_ms", Value(idle.milliseconds))])
  }

  /// Reads the limits of a peer's HELLO; what is not there has its default, unknown keys are ignored.
  ///
  /// - Parameter entries: the map of the key `limits`.
  /// - Throws: `malformed_frame` if a limit is not an unsigned integer in its range.
  public init(reading entries: [Value.Entry]) throws(WireError) {
    for entry in entries {
      if let limit = Self.counts.first(where: { $0.key == entry.key }) {
        guard let count = entry.value.asInt, limit.min ... int31Max ~= count else {
          throw malformed("limit \(limit.key) is not in \(limit.min)…\(int31Max)")
        }
        self[keyPath: limit.path] = count
      } else if entry.key == "idle_ms" {
        guard let count = entry.value.asUInt else {
          throw malformed("limit idle_ms is not an unsigned integer")
        }
        idle = Duration(clampingMilliseconds: count)
      }
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down; never negative.
  var milliseconds: UInt64 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    return UInt64(parts.seconds) * 1000 + UInt64(parts.attoseconds / 1_000_000_000_000_000)
  }

  /// Whole microseconds, rounded down; never negative.
  var microseconds: UInt64 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    return UInt64(parts.seconds) * 1_000_000 + UInt64(parts.attoseconds / 1_000_000_000_000)
  }

  /// A duration from the wire; more than 35,000 years are taken as that, so that sums of times cannot overflow.
  init(clampingMilliseconds count: UInt64) {
    self = .milliseconds(Int64(min(count, 1 << 50)))
  }

  /// A duration from the wire; more than 35 years are taken as that, so that sums of times cannot overflow.
  init(clampingMicroseconds count: UInt64) {
    self = .microseconds(Int64(min(count, 1 << 50)))
  }
}

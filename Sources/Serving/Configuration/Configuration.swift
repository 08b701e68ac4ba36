public import Inference
import Loop
public import Wire

/// Everything an operator can set; docs/OPERATING.md explains each.
public struct Configuration: Sendable, Equatable {
  /// Models to load, in order; the first that suits a call is its default.
  public var models: [Model] = []
  /// Where to listen.
  public var unix: UnixSocket? = UnixSocket()
  /// Where to listen on TCP; none by default.
  public var tcp: TCPSocket?
  /// What one connection and all of them may take.
  public var limits = ServingLimits()
  /// What the engine takes on.
  public var engine = EngineLimits()
  /// What is left of an effort under load, where a request does not say.
  public var effortFloor = 0.0
  /// Who pays for answers that are computed again to check them.
  public var operatorTenant = "operator"
  /// Threads that compute; 0 is as many as the process may use.
  public var threads = 0
  /// How long requests may run on after SIGTERM.
  public var drain = Duration.seconds(10)
  /// Finished calls that Usage.Bill remembers.
  public var billsRemembered = 10_000
  /// What is logged.
  public var logLevel = LogLevel.info

  /// Starts from the defaults.
  public init() {}

  /// One model and what it costs.
  public struct Model: Sendable, Equatable {
    /// The name clients use.
    public var name: String
    /// A GGUF file or a Hugging Face directory.
    public var path: String
    /// What `mete heads` taught on it; nil for a model that classifies no streams.
    public var heads: String?
    /// How its weights are held in memory.
    public var weights = WeightChoice.automatic
    /// Its price.
    public var tariff = Tariff()

    /// Names the model at `path`.
    public init(name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  /// A Unix socket to listen on.
  public struct UnixSocket: Sendable, Equatable {
    /// Where it lies.
    public var path = "/run/mete/mete.sock"
    /// File mode: who may connect.
    public var mode: UInt32 = 0o660

    /// Starts from the defaults.
    public init() {}

    /// Why no socket can lie at `path`; nil if one can.
    public var problem: String? {
      let count = path.utf8.count
      guard count > Address.pathBytesMax else { return nil }
      return "has \(count) bytes; the path of a socket may have \(Address.pathBytesMax)"
    }
  }

  /// A TCP address to listen on.
  public struct TCPSocket: Sendable, Equatable {
    /// A numeric address; loopback unless set.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 7433
    /// The tenant that pays for everything that comes in here.
    public var tenant = "tcp"

    /// Starts from the defaults.
    public init() {}

    /// Moves to `HOST:PORT`, with brackets around a numeric IPv6 host; false if `text` is not of that form.
    public mutating func move(to text: String) -> Bool {
      guard case .tcp(let host, let port)? = Address(hostAndPort: text) else { return false }
      self.host = host
      self.port = Int(port)
      return true
    }
  }

  /// How much is logged.
  public enum LogLevel: String, Sendable, CaseIterable {
    case debug, info, notice, warning, error
  }
}

/// What one connection, and all of them together, may take.
public struct ServingLimits: Sendable, Equatable {
  /// Connections at once.
  public var connectionsMax = 1024
  /// What HELLO tells each client.
  public var wire = Limits()
  /// The longest that any call may take, whatever deadline it asked for.
  public var callTimeMax = Duration.seconds(600)
  /// Result messages of one stream between engine and socket.
  public var slots = 64

  /// Starts from the defaults; a connection may hold 256 KiB unsent before DATA waits.
  public init() {
    wire.outputBytesMax = 262_144
    wire.keepalive = .seconds(60)
  }
}

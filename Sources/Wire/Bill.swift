/// What a call cost: PROTOCOL.md §4.3.
///
/// A bill follows every END, whatever the end was.
public struct Bill: Sendable, Equatable {
  /// The call.
  public var call: CallID
  /// Whose call it was.
  public var tenant = ""
  /// The model that served it; empty if none was reached.
  public var model = ""
  /// The method.
  public var method = ""
  /// The status, as in END.
  public var status = Status.ok
  /// Tokens read by the model or the tokenizer.
  public var tokensIn: UInt64 = 0
  /// Of those, tokens whose keys and values an earlier call of the tenant had left; they cost nothing.
  public var tokensReused: UInt64 = 0
  /// Tokens produced.
  public var tokensOut: UInt64 = 0
  /// Multiply-accumulates by part.
  public var macs = Macs()
  /// Their sum.
  public var macsTotal: UInt64 = 0
  /// What the dense model would have spent on the same rows.
  public var macsDense: UInt64 = 0
  /// Row × layer pairs computed.
  public var layersRun: UInt64 = 0
  /// Row × layer × expert triples computed.
  public var expertsRun: UInt64 = 0
  /// Item i: rows that ran exactly i layers.
  public var layersHistogram: [UInt64] = []
  /// Item k: row × layer pairs that ran exactly k experts.
  public var expertsHistogram: [UInt64] = []
  /// Waiting for admission; whole microseconds on the wire.
  public var queueTime: Duration = .zero
  /// The batch steps that the request took part in; whole microseconds on the wire.
  public var computeTime: Duration = .zero
  /// From OPEN to END; whole microseconds on the wire.
  public var totalTime: Duration = .zero
  /// Bytes of the stream's frames from the client, length prefixes included, up to END.
  public var bytesIn: UInt64 = 0
  /// Bytes of the stream's frames to the client, length prefixes included, END included.
  public var bytesOut: UInt64 = 0
  /// Effort as asked.
  public var effortAsked = 1.0
  /// Effort as given.
  public var effortGiven = 1.0
  /// Budget of multiply-accumulates as asked.
  public var macsMax: UInt64?
  /// Budget of money as asked.
  public var costMax: UInt64?
  /// The adapter, if one was used.
  public var adapter: String?
  /// Money in millionths of `currency`.
  public var costMicro: UInt64 = 0
  /// ISO 4217.
  public var currency = ""

  /// An empty bill.
  ///
  /// - Parameter call: the call it is for.
  public init(call: CallID) {
    self.call = call
  }

  /// Multiply-accumulates by part of the model.
  public struct Macs: Sendable, Equatable {
    /// Projections, scores and mixing of attention.
    public var attention: UInt64 = 0
    /// Feed-forward layers.
    public var experts: UInt64 = 0
    /// What picks experts.
    public var routers: UInt64 = 0
    /// What decides where to leave.
    public var exits: UInt64 = 0
    /// Language-model, pooling and classification heads.
    public var head: UInt64 = 0
    /// The adapter's own factors.
    public var adapter: UInt64 = 0
    /// Embedding tables that compute.
    public var embedding: UInt64 = 0

    /// Nothing spent.
    public init() {}

    /// The sum of all parts.
    public var total: UInt64 {
      attention + experts + routers + exits + head + adapter + embedding
    }

    /// The parts in the order of the wire.
    static var parts: [(key: String, path: WritableKeyPath<Macs, UInt64>)] {
      [
        ("attention", \.attention), ("experts", \.experts), ("routers", \.routers),
        ("exits", \.exits), ("head", \.head), ("adapter", \.adapter),
        ("embedding", \.embedding),
      ]
    }
  }
}

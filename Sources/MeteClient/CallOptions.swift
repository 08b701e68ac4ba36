public import Wire

/// What a call asks for beside its messages: PROTOCOL.md §4.1.
public struct CallOptions: Sendable {
  /// The model's name; nil is the first that can serve the method.
  public var model: String?
  /// How long the call may take; nil is as long as it wants.
  public var deadline: Duration?
  /// How much of the dense engine to run, 0 … 1.
  public var effort: Double
  /// What is left of the effort at least when the server has more to do than time; nil leaves that to the server.
  public var effortMin: Double?
  /// Most multiply-accumulates to spend.
  public var macsMax: UInt64?
  /// Most money to spend, in millionths of the tariff's currency.
  public var costMax: UInt64?
  /// The call's id, by which its bill can be asked for; nil draws one.
  public var callID: CallID?
  /// What the client adds for the server's logs.
  public var metadata: Metadata
  /// The method's parameters.
  public var params: [Value.Entry]

  /// Makes options; everything left out has its default.
  ///
  /// - Parameters:
  ///   - model: The model's name.
  ///   - deadline: How long the call may take.
  ///   - effort: How much of the dense engine to run, 0 … 1.
  ///   - effortMin: What is left of the effort at least under load, 0 … 1.
  ///   - macsMax: Most multiply-accumulates to spend.
  ///   - costMax: Most money to spend, in millionths of the tariff's currency.
  ///   - callID: The call's id.
  ///   - metadata: What the client adds.
  ///   - params: The method's parameters.
  public init(
    model: String? = nil,
    deadline: Duration? = nil,
    effort: Double = 1,
    effortMin: Double? = nil,
    macsMax: UInt64? = nil,
    costMax: UInt64? = nil,
    callID: CallID? = nil,
    metadata: Metadata = Metadata(),
    params: [Value.Entry] = []
  ) {
    self.model = model
    self.deadline = deadline
    self.effort = effort
    self.effortMin = effortMin
    self.macsMax = macsMax
    self.costMax = costMax
    self.callID = callID
    self.metadata = metadata
    self.params = params
  }

  /// The same options with parameters added; those without a value are left out.
  func adding(_ params: KeyValuePairs<String, Value?>) -> CallOptions {
    var options = self
    for (key, value) in params {
      if let value { options.params.append(Value.Entry(key, value)) }
    }
    return options
  }

  func open(_ method: String, id: CallID) -> Open {
    var open = Open(method)
    open.call = id
    open.deadline = deadline
    open.model = model
    open.effort = effort
    open.effortMin = effortMin
    open.macsMax = macsMax
    open.costMax = costMax
    open.params = params
    open.metadata = metadata
    return open
  }
}

import Inference
import Wire
import Yams

extension Configuration {
  /// Reads a configuration file over the defaults.
  ///
  /// - Parameters:
  ///   - text: YAML.
  ///   - source: the file's name, for errors.
  /// - Throws: `ConfigurationError` with line, key and reason; nothing is half obeyed.
  public init(parsing text: String, source: String) throws(ConfigurationError) {
    self.init()
    try Self.checkSize(text, source: source)
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch let error as YamlError {
      throw Self.syntax(error, source: source)
    } catch {
      throw ConfigurationError(source: source, key: "", reason: "\(error)")
    }
    guard let root, root.null == nil else { return }
    let table = try SettingTable(root, source: source)
    try table.refuseUnknown([
      "models", "listen", "limits", "engine", "effort", "drain_seconds", "bills_remembered",
      "log_level",
    ])
    try readModels(table)
    try readListeners(table)
    try readLimits(table)
    try readEngine(table)
    try readEffort(table)
    try table.seconds("drain_seconds", 0 ... 3600, into: &drain)
    try table.read("bills_remembered", 0 ... 10_000_000, into: &billsRemembered)
    if let level = try table.string("log_level") {
      guard let known = LogLevel(rawValue: level) else {
        let names = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        throw table.blame("log_level", "\"\(level)\" is none of \(names)")
      }
      logLevel = known
    }
  }

  /// Longest file, in bytes.
  public static let bytesMax = 1 << 20
  /// Most aliases (`*name`) of a file: where they nest, what they stand for multiplies.
  public static let aliasesMax = 16

  private static func checkSize(_ text: String, source: String) throws(ConfigurationError) {
    let count = text.utf8.count
    guard count <= bytesMax else {
      throw ConfigurationError(
        source: source,
        key: "",
        reason: "has \(count) bytes; the limit is \(bytesMax)"
      )
    }
    // An alias begins a word; a star inside one, or alone, is none.
    let before = Set("\n\r\t []{},:?-".utf8)
    let bytes = Array("\n\(text)\n".utf8)
    let aliases = (1 ..< bytes.count - 1).count { place in
      bytes[place] == UInt8(ascii: "*") && before.contains(bytes[place - 1])
        && bytes[place + 1] > 0x20 && bytes[place + 1] != UInt8(ascii: "*")
    }
    guard aliases <= aliasesMax else {
      throw ConfigurationError(
        source: source,
        key: "",
        reason: "has \(aliases) aliases (*name); the limit is \(aliasesMax)"
      )
    }
  }

  private static func syntax(_ error: YamlError, source: String) -> ConfigurationError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ConfigurationError(source: source, line: mark.line, key: "", reason: problem)
    case .duplicatedKeysInMapping(let keys, let context):
      ConfigurationError(
        source: source,
        line: context.mark.line,
        key: keys.sorted().joined(separator: ", "),
        reason: "is set twice"
      )
    default: ConfigurationError(source: source, key: "", reason: "\(error)")
    }
  }

  private mutating func readModels(_ root: SettingTable) throws(ConfigurationError) {
    for (name, table) in try root.named("models") {
      try table.refuseUnknown(["path", "heads", "weights", "currency", "micro_per_gmac"])
      guard name.utf8.count <= 256 else {
        throw ConfigurationError(
          source: table.source,
          key: table.prefix,
          reason: "a model's name may have 256 bytes"
        )
      }
      guard let path = try table.string("path") else {
        throw root.blame("models", "\(name) has no path")
      }
      guard !models.contains(where: { $0.name == name }) else {
        throw root.blame("models", "\(name) is named twice")
      }
      var model = Model(name: name, path: path)
      model.heads = try table.string("heads")
      if let weights = try table.string("weights") {
        guard let known = WeightChoice(rawValue: weights) else {
          let all = WeightChoice.allCases.map(\.rawValue).joined(separator: ", ")
          throw table.blame("weights", "\"\(weights)\" is none of \(all)")
        }
        model.weights = known
      }
      if let currency = try table.string("currency") {
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (65 ... 90).contains($0) })
        else { throw table.blame("currency", "\"\(currency)\" is no ISO 4217 code such as EUR") }
        model.tariff.currency = currency
      }
      try table.read("micro_per_gmac", 0 ... 1_000_000_000, into: &model.tariff.microPerGigaMAC)
      models.append(model)
    }
  }

  private mutating func readListeners(_ root: SettingTable) throws(ConfigurationError) {
    guard let table = try root.table("listen") else { return }
    try table.refuseUnknown(["unix", "tcp"])
    if table.isNull("unix") { unix = nil }
    if let own = try table.table("unix") {
      try own.refuseUnknown(["path", "mode"])
      var socket = UnixSocket()
      socket.path = try own.string("path") ?? socket.path
      if let problem = socket.problem { throw own.blame("path", problem) }
      if let mode = try own.string("mode") {
        guard let bits = UInt32(mode, radix: 8), bits <= 0o777 else {
          throw own.blame("mode", "\"\(mode)\" is no octal file mode such as \"0660\"")
        }
        socket.mode = bits
      }
      unix = socket
    }
    if let own = try table.table("tcp") {
      try own.refuseUnknown(["host", "port", "tenant"])
      var socket = TCPSocket()
      socket.host = try own.string("host") ?? socket.host
      try own.read("port", 0 ... 65_535, into: &socket.port)
      socket.tenant = try own.string("tenant") ?? socket.tenant
      tcp = socket
    }
  }

  private mutating func readLimits(_ root: SettingTable) throws(ConfigurationError) {
    guard let table = try root.table("limits") else { return }
    try table.refuseUnknown([
      "connections_max", "streams_max", "frame_bytes_max", "stream_credit", "connection_credit",
      "metadata_bytes_max", "pings_max", "idle_seconds", "hello_seconds", "unsent_bytes_max",
      "call_seconds_max", "ping_strikes_max", "resets_max", "keepalive_seconds",
      "keepalive_timeout_seconds", "connection_age_seconds",
    ])
    try table.read("connections_max", 1 ... 100_000, into: &limits.connectionsMax)
    try table.read("streams_max", 1 ... 10_000, into: &limits.wire.streamsMax)
    try table.read("frame_bytes_max", 16_384 ... 67_108_864, into: &limits.wire.frameBytesMax)
    try table.read("stream_credit", 4096 ... 67_108_864, into: &limits.wire.streamCredit)
    try table.read("connection_credit", 4096 ... 1_073_741_824, into: &limits.wire.connectionCredit)
    try table.read("metadata_bytes_max", 256 ... 1_048_576, into: &limits.wire.metadataBytesMax)
    try table.read("pings_max", 1 ... 10_000, into: &limits.wire.pingsMax)
    try table.read("ping_strikes_max", 0 ... 10_000, into: &limits.wire.pingStrikesMax)
    try table.read("resets_max", 1 ... 1_000_000, into: &limits.wire.resetsMax)
    try table.read("unsent_bytes_max", 16_384 ... 67_108_864, into: &limits.wire.outputBytesMax)
    try table.seconds("call_seconds_max", 1 ... 604_800, into: &limits.callTimeMax)
    try table.seconds("idle_seconds", 0 ... 86_400, into: &limits.wire.idle)
    try table.seconds("hello_seconds", 1 ... 600, into: &limits.wire.hello)
    try table.seconds("keepalive_seconds", 0 ... 86_400, into: &limits.wire.keepalive)
    try table.seconds("keepalive_timeout_seconds", 1 ... 600, into: &limits.wire.keepaliveTimeout)
    try table.seconds("connection_age_seconds", 0 ... 2_592_000, into: &limits.wire.age)
  }

  private mutating func readEffort(_ root: SettingTable) throws(ConfigurationError) {
    guard let table = try root.table("effort") else { return }
    try table.refuseUnknown([
      "wait_milliseconds", "floor_percent", "queue_milliseconds", "checked_per_mille",
      "drift_percent", "operator",
    ])
    if table.isNull("wait_milliseconds") {
      engine.brownOutWait = nil
    } else {
      var wait = engine.brownOutWait ?? .zero
      try table.milliseconds("wait_milliseconds", 1 ... 600_000, into: &wait)
      engine.brownOutWait = wait
    }
    var percent = Int((100 * effortFloor).rounded())
    try table.read("floor_percent", 0 ... 100, into: &percent)
    effortFloor = Double(percent) / 100
    try table.milliseconds("queue_milliseconds", 1 ... 86_400_000, into: &engine.queueWaitMax)
    try table.read("checked_per_mille", 0 ... 1000, into: &engine.railPerMille)
    percent = Int((100 * engine.railDriftMax).rounded())
    try table.read("drift_percent", 0 ... 100, into: &percent)
    engine.railDriftMax = Double(percent) / 100
    operatorTenant = try table.string("operator") ?? operatorTenant
  }

  private mutating func readEngine(_ root: SettingTable) throws(ConfigurationError) {
    guard let table = try root.table("engine") else { return }
    try table.refuseUnknown([
      "threads", "sequences_max", "queue_max", "rows_max", "prefill_rows_max",
      "step_milliseconds", "share_prefixes", "prefix_percent_max", "key_value_megabytes",
      "key_value_format", "text_bytes_max", "stall_seconds",
    ])
    try table.read("threads", 0 ... 256, into: &threads)
    try table.read("sequences_max", 1 ... 1_000_000, into: &engine.sequencesMax)
    try table.read("queue_max", 0 ... 1_000_000, into: &engine.queueCountMax)
    try table.read("rows_max", 1 ... 65_536, into: &engine.rowsMax)
    try table.read("prefill_rows_max", 1 ... 65_536, into: &engine.prefillRowsMax)
    try table.milliseconds("step_milliseconds", 1 ... 60_000, into: &engine.stepMax)
    try table.read("share_prefixes", into: &engine.sharesPrefixes)
    try table.read("prefix_percent_max", 0 ... 100, into: &engine.prefixPercentMax)
    try table.read("text_bytes_max", 1 ... 67_108_864, into: &engine.textBytesMax)
    try table.seconds("stall_seconds", 1 ... 86_400, into: &engine.stallMax)
    if let format = try table.string("key_value_format") {
      guard let known = KeyValueChoice(rawValue: format) else {
        let all = KeyValueChoice.allCases.map(\.rawValue).joined(separator: ", ")
        throw table.blame("key_value_format", "\"\(format)\" is none of \(all)")
      }
      engine.keysAndValues = known
    }
    var megabytes = engine.keyValueBytesMax >> 20
    try table.read("key_value_megabytes", 1 ... 1_048_576, into: &megabytes)
    engine.keyValueBytesMax = megabytes << 20
  }
}

import Inference
import Serving
import Support
import Testing
import Wire

/// A configuration is obeyed whole or refused with line and reason.
struct ConfigurationTests {
  private func reading(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration(parsing: text, source: "meted.yaml")
  }

  private func problem(_ text: String) -> ConfigurationError? {
    do throws(ConfigurationError) {
      _ = try reading(text)
      return nil
    } catch { return error }
  }

  @Test func anEmptyFileIsTheDefaults() throws {
    #expect(try reading("") == Configuration())
    #expect(try reading("# nothing\n") == Configuration())
  }

  @Test func settingsArriveWhereTheyBelong() throws {
    let found = try reading(
      """
      models:
        small: {path: /models/small.gguf, currency: USD, micro_per_gmac: 7}
        second:
          path: /models/second
      listen:
        unix: {path: /tmp/a.sock, mode: "0600"}
        tcp: {port: 0, tenant: lab}
      limits: {streams_max: 7, idle_seconds: 9, hello_seconds: 3}
      engine:
        {rows_max: 33, key_value_megabytes: 12, threads: 2, step_milliseconds: 7,
         share_prefixes: false, prefix_percent_max: 9, key_value_format: int8}
      drain_seconds: 4
      bills_remembered: 5
      log_level: debug
      """
    )
    #expect(found.models.map(\.name) == ["small", "second"])
    #expect(found.models[0].tariff.currency == "USD")
    #expect(found.models[0].tariff.microPerGigaMAC == 7)
    #expect(found.models[1].path == "/models/second")
    #expect(found.unix?.path == "/tmp/a.sock")
    #expect(found.unix?.mode == 0o600)
    #expect(found.tcp?.port == 0)
    #expect(found.tcp?.host == "127.0.0.1")
    #expect(found.tcp?.tenant == "lab")
    #expect(found.limits.wire.streamsMax == 7)
    #expect(found.limits.wire.idle == .seconds(9))
    #expect(found.limits.wire.hello == .seconds(3))
    #expect(found.engine.rowsMax == 33)
    #expect(found.engine.keyValueBytesMax == 12 << 20)
    #expect(found.engine.stepMax == .milliseconds(7))
    #expect(!found.engine.sharesPrefixes)
    #expect(found.engine.keysAndValues == .int8)
    #expect(found.engine.prefixPercentMax == 9)
    #expect(found.threads == 2)
    #expect(found.drain == .seconds(4))
    #expect(found.billsRemembered == 5)
    #expect(found.logLevel == .debug)
  }

  @Test func nullSwitchesTheUnixSocketOff() throws {
    #expect(try reading("listen:\n  unix: null\n").unix == nil)
  }

  @Test(arguments: [
    ("drain: 4", 1, "drain", "not a setting"),
    ("drain_seconds: soon", 1, "drain_seconds", "whole number"),
    ("drain_seconds: -1", 1, "drain_seconds", "not within 0"),
    ("a: 1\nb: 2", 1, "a", "not a setting"),
    ("log_level: info\nlog_level: debug", 2, "log_level", "twice"),
    ("engine:\n  rows_max: 0", 2, "engine.rows_max", "not within 1"),
    ("engine:\n  rows_max: 5\n  rowsmax: 5", 3, "engine.rowsmax", "not a setting"),
    ("engine: 5", 1, "engine", "expected settings"),
    ("models:\n  m: {}", 2, "models", "no path"),
    ("models:\n  m:\n    path: x\n    currency: euro", 4, "models.m.currency", "ISO 4217"),
    ("listen:\n  unix:\n    mode: 999", 3, "listen.unix.mode", "octal"),
    (
      "listen:\n  unix:\n    path: /\(String(repeating: "x", count: 107))", 3, "listen.unix.path",
      "108"
    ),
    ("engine:\n  step_milliseconds: 0", 2, "engine.step_milliseconds", "not within 1"),
    ("engine:\n  key_value_format: int4", 2, "engine.key_value_format", "is none of f32, int8"),
    ("models: {a: {path: x, weights: q4}}", 1, "models.a.weights", "is none of auto, f32"),
    ("engine:\n  share_prefixes: 1", 2, "engine.share_prefixes", "true or false"),
    ("engine:\n  prefix_percent_max: 101", 2, "engine.prefix_percent_max", "not within 0"),
    ("engine:\n  stall_seconds: 0", 2, "engine.stall_seconds", "not within 1"),
    ("limits:\n  call_seconds_max: 0", 2, "limits.call_seconds_max", "not within 1"),
    ("models:\n  m: {path: a}\n  m: {path: b}", 2, "m", "twice"),
    ("listen:\n  tcp:\n    port: 70000", 3, "listen.tcp.port", "not within 0"),
    ("limits:\n  frame_bytes_max: 10", 2, "limits.frame_bytes_max", "not within 16384"),
    ("log_level: loud", 1, "log_level", "none of"),
    ("drain_seconds: 1:30", 1, "drain_seconds", "whole number"),
    ("drain_seconds: 1\(String(repeating: ":0", count: 11))", 1, "drain_seconds", "whole number"),
    ("- a\n- b", 1, "", "expected settings"),
    ("models: [", 1, "", ""),
    ("models: {a: {path: x}\n", 2, "", ""),
  ])
  func whatIsWrongIsNamedWithItsLine(text: String, line: Int, key: String, reason: String) throws {
    let error = try #require(problem(text), "\(text) was taken")
    #expect(error.source == "meted.yaml")
    #expect(error.key == key || key.isEmpty)
    #expect(error.reason.contains(reason), "\(error)")
    // The YAML reader blames an open bracket where the text ends, and a double key at its mapping.
    if !key.isEmpty, reason != "twice" { #expect(error.line == line, "\(error)") }
    #expect(error.line != nil, "\(error)")
    #expect("\(error)".hasPrefix("meted.yaml"))
  }

  @Test func theExampleInTheDocumentationIsTheDefaults() throws {
    let text = Repository.text("docs/meted.example.yaml")
    #expect(!text.isEmpty)
    var found = try reading(text)
    #expect(!found.models.isEmpty)
    found.models = []
    var wanted = Configuration()
    found.tcp = nil
    wanted.tcp = nil
    #expect(found == wanted, "docs/meted.example.yaml must show the defaults")
  }

  /// Uncommented, the example is still the defaults, and it has every setting that the reader knows.
  @Test func theExampleShowsEverySettingWithItsDefault() throws {
    let lines = Repository.text("docs/meted.example.yaml").split(separator: "\n").dropFirst(2)
    let text = lines.map { line in
      guard let mark = line.firstIndex(of: "#"),
        line[..<mark].allSatisfy({ $0 == " " }),
        line.contains(":")
      else { return String(line) }
      return String(line[..<mark] + line[line.index(mark, offsetBy: 2)...])
    }
    var found = try reading(text.joined(separator: "\n"))
    #expect(found.models.allSatisfy { $0.tariff == Tariff() })
    #expect(found.models.count == 2 && found.tcp == Configuration.TCPSocket())
    found.models = []
    found.tcp = nil
    #expect(found == Configuration())
    let reader = Repository.text("Sources/Serving/Configuration/Configuration+Reading.swift")
    let keys = reader.matches(of: /"([a-z_]+)"/).map { String($0.1) }
    #expect(keys.contains("stall_seconds") && keys.count > 40)
    for key in Set(keys) {
      #expect(text.contains { $0.contains("\(key):") }, "\(key) is not in the example")
      #expect(
        Repository.text("docs/OPERATING.md").contains("\(key)"),
        "\(key) is not in docs/OPERATING.md"
      )
    }
  }

  @Test func filesThatOutgrowTheirLimitsAreRefused() throws {
    let long = try #require(problem("#\(String(repeating: " ", count: Configuration.bytesMax))"))
    #expect(long.reason.contains("limit is \(Configuration.bytesMax)"))
    // Each key stands for two of the one before it; to hash the last would take until tomorrow.
    var text = "a0: &a0 [x, x]\n"
    for level in 1 ..< 40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    let nested = try #require(problem(text + "? *a39\n: 1\n"))
    #expect(nested.reason.contains("limit is \(Configuration.aliasesMax)"))
    // Stars that are no aliases do not count, and a few aliases are fine.
    let stars = String(repeating: "# * *** a*b\n", count: 20)
    #expect(problem("\(stars)models: {a: &m {path: /m}, b: *m}") == nil)
  }
}

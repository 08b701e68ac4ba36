import Foundation
import Support
import Testing

@testable import Serving

/// What a running daemon takes from a new configuration, and what it does not.
struct ReloadingTests {
  private func read(_ text: String) throws -> Configuration {
    try Configuration(parsing: "models: {a: {path: x}, b: {path: y}}\n" + text, source: "f")
  }

  @Test func nothingNewIsNoChange() throws {
    #expect(try read("").changes(reloading: read("")) == [])
  }

  @Test(arguments: [
    ("limits: {streams_max: 7}", ["limits.streams_max"]),
    (
      "limits: {idle_seconds: 7, hello_seconds: 8}",
      ["limits.idle_seconds", "limits.hello_seconds"]
    ),
    ("drain_seconds: 7\nlog_level: debug", ["drain_seconds", "log_level"]),
    ("bills_remembered: 7", ["bills_remembered"]),
  ])
  func someSettingsMayChange(text: String, names: [String]) throws {
    #expect(try read("").changes(reloading: read(text)) == names)
  }

  @Test func tariffsMayChange() throws {
    let dear = try Configuration(
      parsing: "models: {a: {path: x}, b: {path: y, currency: USD, micro_per_gmac: 9}}",
      source: "f"
    )
    #expect(
      try read("").changes(reloading: dear) == ["models.b.currency", "models.b.micro_per_gmac"]
    )
  }

  @Test(arguments: [
    ("models: {a: {path: x}}", "models"),
    ("models: {b: {path: y}, a: {path: x}}", "models"),
    ("models: {a: {path: x}, b: {path: z}}", "models.NAME.path"),
    ("models: {a: {path: x}, b: {path: y}}\nlisten: {unix: null}", "listen.unix"),
    ("models: {a: {path: x}, b: {path: y}}\nlisten: {tcp: {tenant: t}}", "listen.tcp"),
    ("models: {a: {path: x}, b: {path: y}}\nengine: {threads: 2}", "engine.threads"),
    ("models: {a: {path: x}, b: {path: y}}\nengine: {stall_seconds: 9}", "engine.stall_seconds"),
  ])
  func othersNeedARestart(text: String, key: String) throws {
    let old = try read("")
    let new = try Configuration(parsing: "drain_seconds: 3\n" + text, source: "f")
    let error = #expect(throws: ConfigurationError.self) { try old.changes(reloading: new) }
    #expect(error?.key == key && error?.reason.contains("restart") == true)
  }

  /// Whoever adds a setting decides what a reload does with it, in the code and on the page.
  @Test func everySettingSaysWhetherItMayChange() {
    let code = Repository.text("Sources/Serving/Configuration/Configuration+Reloading.swift")
    let page = Repository.text("docs/OPERATING.md")
    let rows = page.matches(of: /\n\| `([a-zA-Z_.]+)` \|[^\n]*\| (yes|no) \|/).map {
      (String($0.1), $0.2 == "yes")
    }
    let settings = page.matches(of: /\n\| `((?:models|listen|limits|engine)\.[a-zA-Z_.]+)` \|/)
    #expect(settings.count > 25)
    for setting in settings {
      #expect(rows.contains { $0.0 == String(setting.1) }, "\(setting.1) says neither yes nor no")
    }
    for (key, isFree) in rows where !key.hasPrefix("models.") && !key.hasPrefix("listen.") {
      #expect(code.contains("Setting(\"\(key)\")"), "\(key) is not in Configuration+Reloading")
      let free = code.components(separatedBy: "static let free")
      #expect(free.last?.contains("Setting(\"\(key)\")") == isFree, "\(key)")
    }
  }
}

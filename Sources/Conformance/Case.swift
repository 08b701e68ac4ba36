/// One thing that PROTOCOL.md says, and how to see whether a server does it.
public struct Case: Sendable {
  /// When a case can run.
  public enum Pace: Sendable {
    /// At any time, beside others.
    case quick
    /// When no other case runs, because it takes what the server has.
    case alone
    /// Only if asked for: it waits for times that the server alone sets.
    case slow
  }

  /// Section and place in it, such as `2.014`.
  public internal(set) var number = ""
  /// What it is called; unique, and gRPC's name where gRPC has the same case.
  public let name: String
  /// What PROTOCOL.md says.
  public let rule: String
  /// When it can run.
  public let pace: Pace

  let body: @Sendable (Stage) throws -> Void

  init(
    _ name: String,
    _ rule: String,
    _ pace: Pace = .quick,
    _ body: @escaping @Sendable (Stage) throws -> Void
  ) {
    self.name = name
    self.rule = rule
    self.pace = pace
    self.body = body
  }

  /// The section of PROTOCOL.md.
  public var section: Int { Int(number.prefix { $0 != "." }) ?? 0 }

  /// Whether a pattern means this case: its number or its name, where `*` at the end stands for anything.
  ///
  /// - Parameter pattern: such as `2.*`, `4.017` or `ping_*`.
  /// - Returns: whether it does.
  public func matches(_ pattern: String) -> Bool {
    guard pattern.hasSuffix("*") else { return pattern == number || pattern == name }
    return number.hasPrefix(pattern.dropLast()) || name.hasPrefix(pattern.dropLast())
  }
}

/// What came of a case.
public enum Outcome: Sendable, Equatable {
  /// The server did what the page says.
  case passed
  /// It did not; the text says what was owed and what came.
  case failed(String)
  /// It could not be asked; the text says why.
  case skipped(String)
}

/// Why a case fails.
struct Failure: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// Why a case cannot be asked of this server.
struct Skip: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// Fails the case unless a condition holds.
func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
  guard condition else { throw Failure(reason()) }
}

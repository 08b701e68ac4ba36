/// What work on a model costs.
public struct Tariff: Sendable, Equatable {
  /// ISO 4217.
  public var currency = "EUR"
  /// Millionths of the currency per 10⁹ MACs.
  public var microPerGigaMAC = 0

  /// Starts from no charge.
  public init() {}

  /// Money for `macs` multiply-accumulates, in millionths of `currency`, rounded up.
  public func price(macs: Int) -> Int {
    let (high, low) = microPerGigaMAC.multipliedFullWidth(by: macs)
    let (quotient, remainder) = 1_000_000_000.dividingFullWidth((high, low))
    return quotient + (remainder > 0 ? 1 : 0)
  }
}

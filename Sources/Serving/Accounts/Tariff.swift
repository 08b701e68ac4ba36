/// What work on a model costs.
public struct Tariff: Sendable, Equatable {
  /// ISO 4217.
  public var currency = "EUR"
  /// Millionths of the currency per 10⁹ MACs.
  public var microPerGigaMAC = 0

  /// Starts from no charge.
  public init() {}

  /// The most multiply-accumulates that cost no more than `micro` millionths; nil where they cost nothing.
  public func macsMax(micro: UInt64) -> Int? {
    guard microPerGigaMAC > 0 else { return nil }
    let (high, low) = UInt64(1_000_000_000).multipliedFullWidth(by: micro)
    guard high < UInt64(microPerGigaMAC) else { return Int.max }
    let most = UInt64(microPerGigaMAC).dividingFullWidth((high, low)).quotient
    return Int(clamping: most)
  }

  /// Money for `macs` multiply-accumulates, in millionths of `currency`, rounded up.
  public func price(macs: Int) -> Int {
    let (high, low) = microPerGigaMAC.multipliedFullWidth(by: macs)
    let (quotient, remainder) = 1_000_000_000.dividingFullWidth((high, low))
    return quotient + (remainder > 0 ? 1 : 0)
  }
}

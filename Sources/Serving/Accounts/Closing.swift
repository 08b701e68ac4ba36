public import Inference

/// How the daemon's books stood when it stopped.
public struct Closing: Sendable, Equatable {
  /// Bills that were issued.
  public var billsCount = 0
  /// Bills of checks, the operator's, that were issued.
  public var checksCount = 0
  /// MACs on all bills.
  public var macsBilled: UInt64 = 0
  /// MACs that the engine counted where it did them.
  public var macsCounted: UInt64 = 0
  /// Calls that were left without a bill.
  public var callsOpen = 0
  /// Calls that ran when the drain time was over.
  public var callsEvicted = 0
  /// What the engine still held.
  public var load = Load()
  /// Whether every MAC that was counted has been billed and nothing was left behind.
  public var isBalanced = false

  /// Starts empty.
  public init() {}

  /// Compares what the engine counted and held with what went out on bills.
  ///
  /// - Parameters:
  ///   - books: the engine's, at its end; nil if it left none.
  ///   - billed: the sum of all bills.
  ///   - callsOpen: calls that were left without a bill.
  init(_ books: Books?, billed: Ledger.Total, callsOpen: Int) {
    macsBilled = billed.macs
    macsCounted = UInt64(books?.counters.macsTotal ?? 0)
    self.callsOpen = callsOpen
    load = books?.load ?? Load()
    isBalanced =
      (books?.balance ?? false) && books.map { Ledger.Total($0.counters) } == billed
      && callsOpen == 0
  }
}

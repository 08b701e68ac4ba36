/// Who has had how much, so that tenants share the engine by MACs and not by requests.
///
/// Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024, arXiv:2401.00588: the tenant
/// that was served least goes first, and one that comes back from a pause starts at the least of
/// those who are here, so that idling earns nothing.
struct Fairness {
  private var served: [String: Int] = [:]
  private var open: [String: Int] = [:]

  /// A request of the tenant opened.
  mutating func enter(_ tenant: String) {
    if open[tenant] == nil {
      let least = open.keys.compactMap { served[$0] }.min() ?? 0
      served[tenant] = max(served[tenant] ?? 0, least)
    }
    open[tenant, default: 0] += 1
  }

  /// A request of the tenant ended.
  ///
  /// A tenant with none open is forgotten.
  mutating func leave(_ tenant: String) {
    guard let count = open[tenant] else { return }
    if count > 1 {
      open[tenant] = count - 1
    } else {
      open[tenant] = nil
      served[tenant] = nil
    }
  }

  /// The tenant was served.
  mutating func charge(_ tenant: String, macs: Int) {
    if open[tenant] != nil { served[tenant, default: 0] += macs }
  }

  /// MACs that the tenant was served.
  subscript(tenant: String) -> Int { served[tenant] ?? 0 }

  /// Orders sequences: least served tenant first, then oldest first.
  func order(_ sequences: [Sequence]) -> [Sequence] {
    sequences.sorted {
      (self[$0.request.tenant], $0.id.number) < (self[$1.request.tenant], $1.id.number)
    }
  }
}

import Models

/// What is left of one step for rows of prompts.
struct Slice {
  /// Rows that fit into the step.
  private(set) var rows: Int
  /// Multiply-accumulates that there is time for.
  private var macs: Int
  /// Rows that are taken even if there is no time.
  private var rowsFree: Int
  /// Work of the rows that were taken.
  private(set) var macsTaken = 0

  /// - Parameters:
  ///   - rows: that fit into the step.
  ///   - macs: that there is time for; nil if nobody waits.
  init(rows: Int, macs: Int?) {
    self.rows = rows
    self.macs = macs ?? .max
    rowsFree = StepCost.rowsMin
  }

  /// Takes the next rows of a prompt.
  ///
  /// - Parameters:
  ///   - wanted: how many there are.
  ///   - position: of the first.
  ///   - cost: of the model.
  ///   - scored: whether each goes through the head as well.
  /// - Returns: how many fit.
  mutating func take(_ wanted: Int, from position: Int, _ cost: Cost, scored: Bool) -> Int {
    var count = 0
    while count < wanted, rows > 0 {
      let price = cost.row(positions: position + count + 1) + (scored ? cost.head : 0)
      guard price <= macs || rowsFree > 0 else {
        // Nobody behind may have what the first in line was too large for.
        rows = 0
        break
      }
      macs = max(0, macs - price)
      macsTaken += price
      rowsFree -= 1
      rows -= 1
      count += 1
    }
    return count
  }
}

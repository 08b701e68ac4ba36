/// How many bytes of DATA may still be sent.
///
/// It can fall below zero when the peer's HELLO, read late, says less than the default.
struct SendWindow {
  private(set) var left: Int

  /// Adds credit; false if that would lift the window above 2³¹−1.
  mutating func widen(by bytes: Int) -> Bool {
    guard left + bytes <= int31Max else { return false }
    left += bytes
    return true
  }

  mutating func spend(_ bytes: Int) {
    precondition(bytes <= left, "\(bytes) bytes spent of \(left)")
    left -= bytes
  }

  /// Moves the window to where it would be if it had begun at `new` instead of `old`.
  mutating func shift(from old: Int, to new: Int) { left += new - old }
}

/// How many bytes of DATA the peer may still send, and where the others are.
///
/// Every byte of the window is in one of three places: with the peer (`left`), with the application (`held`), or
/// consumed and not yet given back (`owed`).
struct ReceiveWindow {
  let size: Int
  private(set) var left: Int
  private(set) var held = 0
  private(set) var owed = 0

  init(size: Int) {
    self.size = size
    left = size
  }

  /// Takes DATA in; false if the window does not cover it.
  mutating func receive(_ bytes: Int) -> Bool {
    guard bytes <= left else { return false }
    left -= bytes
    held += bytes
    return true
  }

  mutating func consume(_ bytes: Int) {
    precondition(0 ... held ~= bytes, "\(bytes) bytes consumed of \(held)")
    held -= bytes
    owed += bytes
  }

  /// Gives back what is owed, 0 if it is less than `atLeast`.
  mutating func giveBack(atLeast: Int) -> Int {
    guard owed >= max(1, atLeast) else { return 0 }
    defer { owed = 0 }
    left += owed
    return owed
  }

  /// Credit is gathered until half the window has been consumed.
  var half: Int { max(1, size / 2) }

  func checkInvariants() {
    precondition(left >= 0 && held >= 0 && owed >= 0, "\(self)")
    precondition(left + held + owed == size, "\(self)")
  }
}

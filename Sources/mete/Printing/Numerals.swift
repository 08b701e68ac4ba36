// Numbers as people read them, the same in every locale.

extension BinaryInteger {
  /// The digits in groups of three: 1,234,567.
  var grouped: String {
    let digits = "\(magnitude)"
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return self < 0 ? "-\(text)" : text
  }
}

extension Double {
  /// The number with so many decimals, grouped before the point.
  ///
  /// - Parameter decimals: 0 to 9.
  /// - Returns: Digits that need no locale.
  func fixed(_ decimals: Int) -> String {
    let scale = (0 ..< decimals).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (magnitude * scale).rounded()
    guard isFinite, scaled < 9e15 else { return "\(self)" }
    let (whole, fraction) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(scale))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + whole.grouped }
    return sign + whole.grouped + "."
      + String(repeating: "0", count: decimals - "\(fraction)".count)
      + "\(fraction)"
  }
}

extension Duration {
  /// The time in milliseconds with one decimal.
  var milliseconds: String { (self / .milliseconds(1)).fixed(1) }
}

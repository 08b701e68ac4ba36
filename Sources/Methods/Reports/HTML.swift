internal import Foundation

/// Text and numbers as pages show them.
enum HTML {
  /// A text that means itself: nothing in it is taken for markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // Control characters are not allowed in pages, whatever stands for them.
      case _ where scalar.value < 0x20 || (0x7F ... 0x9F).contains(scalar.value): result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number with so many digits behind the point; a dash if it is not finite.
  static func number(_ value: Double, _ digits: Int = 1) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : "–"
  }

  /// A share as percent.
  static func percent(_ share: Double, _ digits: Int = 1) -> String {
    "\(number(100 * share, digits)) %"
  }

  /// Round numbers within a range, about so many.
  static func ticks(_ range: ClosedRange<Double>, about count: Int) -> [Double] {
    let width = range.upperBound - range.lowerBound
    guard width > 0, width.isFinite, count > 0 else { return [range.lowerBound] }
    let raw = width / Double(count)
    let power = pow(10, floor(log10(raw)))
    let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= raw * 0.999 } ?? 10 * power
    let first = Int(ceil(range.lowerBound / step - 1e-9))
    let last = Int(floor(range.upperBound / step + 1e-9))
    return first <= last ? (first ... last).map { Double($0) * step } : []
  }
}

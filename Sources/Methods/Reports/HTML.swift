internal import Foundation

/// Text and numbers as pages show them; the same on every machine, whatever its language.
enum HTML {
  /// A text that means itself: nothing in it is taken for markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x26: result += "&amp;"
      case 0x3C: result += "&lt;"
      case 0x3E: result += "&gt;"
      case 0x22: result += "&quot;"
      case 0x27: result += "&#39;"
      // Pages may not hold control characters, however they are written.
      case 0 ..< 0x20, 0x7F ... 0x9F: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A cell of a table in which there are bars too: a long text wraps, and a short one keeps to itself.
  static func cell(_ text: String, _ tag: String, _ classes: String = "") -> String {
    let all = [classes, text.count > 16 ? "long" : ""].filter { !$0.isEmpty }
    let attribute = all.isEmpty ? "" : " class=\"\(all.joined(separator: " "))\""
    return "<\(tag)\(tag == "th" ? " scope=\"row\"" : "")\(attribute)>\(escaped(text))</\(tag)>"
  }

  /// A number as text: so many digits behind the point, a real minus; a dash if it is not finite.
  static func number(_ value: Double, _ digits: Int = 1) -> String {
    guard value.isFinite else { return "–" }
    let text = decimal(value, digits)
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  /// A share as percent.
  static func percent(_ share: Double, _ digits: Int = 1) -> String {
    share.isFinite ? "\(number(100 * share, digits)) %" : "–"
  }

  /// A whole number with a thin space between thousands.
  static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var result = value < 0 ? "−" : ""
    for (place, digit) in digits.enumerated() {
      // Four digits are read at a glance.
      if place > 0, digits.count > 4, (digits.count - place) % 3 == 0 { result += "\u{202F}" }
      result.append(digit)
    }
    return result
  }

  /// A large number, three digits and a letter for thousands, millions and so on.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    var (rest, place) = (abs(value), 0)
    let letters = ["", "\u{202F}k", "\u{202F}M", "\u{202F}G", "\u{202F}T", "\u{202F}P"]
    while rest >= 999.5, place < letters.count - 1 { (rest, place) = (rest / 1000, place + 1) }
    let digits = rest >= 99.95 || rest == rest.rounded() ? 0 : rest >= 9.995 ? 1 : 2
    return number(value < 0 ? -rest : rest, digits) + letters[place]
  }

  /// A time in the two units that say most.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e12 else { return "–" }
    guard seconds >= 59.95 else { return "\(number(seconds, 1)) s" }
    let whole = Int(seconds.rounded())
    guard whole >= 3600 else { return "\(whole / 60) min \(whole % 60) s" }
    let minutes = Int((seconds / 60).rounded())
    return "\(count(minutes / 60)) h \(minutes % 60) min"
  }

  /// A finite number as programs read it; what is not finite is a bug of the caller.
  static func decimal(_ value: Double, _ digits: Int) -> String {
    precondition(value.isFinite && (0 ... 9).contains(digits), "\(value) with \(digits) digits")
    let power = pow(10, Double(digits))
    let scaled = (abs(value) * power).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let (units, unit) = (Int(scaled), Int(power))
    // No sign at what rounds to nothing.
    let sign = value < 0 && units > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(units)" }
    let rest = String(units % unit)
    return "\(sign)\(units / unit).\(String(repeating: "0", count: digits - rest.count))\(rest)"
  }
}

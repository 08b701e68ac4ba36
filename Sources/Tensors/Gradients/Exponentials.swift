internal import Glibc

extension Tape {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func logOnePlusExp(_ x: Double) -> Double { log1p(exp(x)) }
}

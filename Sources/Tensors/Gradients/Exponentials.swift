internal import Glibc

// The system's functions, under names that generic code can use.

func cosineOf(_ x: Double) -> Double { cos(x) }
func power(_ x: Double, _ exponent: Int) -> Double { pow(x, Double(exponent)) }

extension Tape {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func logOnePlusExp(_ x: Double) -> Double { log1p(exp(x)) }
}

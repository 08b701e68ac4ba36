extension Case {
  /// Every case, in the order of PROTOCOL.md.
  public static let all: [Case] =
    numbered(1, framing + shapes) + numbered(2, connectionErrors + streamErrors + ignored + floods)
    + numbered(3, greeting + credit + signals + farewells)
    + numbered(4, interop + options + metadata + bills + lives)
    + numbered(5, generation + parameters + encoders + services + reflection)
    + numbered(6, input + output)

  private static func numbered(_ section: Int, _ cases: [Case]) -> [Case] {
    cases.enumerated().map { index, one in
      var one = one
      let place = "\(index + 1)"
      one.number = "\(section)." + String(repeating: "0", count: 3 - place.count) + place
      return one
    }
  }
}

import Wire

/// How two answers to one request differ: not by a bit, whoever else was in the batch.
enum Likeness {
  /// Where `got` leaves `wanted`, as a sentence; nil if it is its beginning.
  static func difference(_ method: String, _ got: [Value], _ wanted: [Value]) -> String? {
    var (got, wanted) = (got, wanted)
    if method == "Tokenize" {
      // Ids, however many went into a message.
      got = got.flatMap { $0.asArray ?? [] }
      wanted = wanted.flatMap { $0.asArray ?? [] }
    }
    guard got.count <= wanted.count else { return "\(got.count) for \(wanted.count)" }
    guard let index = got.indices.first(where: { got[$0] != wanted[$0] }) else { return nil }
    return "message \(index) is \(got[index]) for \(wanted[index])"
  }
}

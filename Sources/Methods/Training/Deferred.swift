/// A value that is made when it is first asked for, and kept.
///
/// Owned by one thread; not Sendable.
final class Deferred<Value> {
  private let make: () -> Value
  private var made: Value?

  /// - Parameter make: is called once at most.
  init(_ make: @escaping () -> Value) { self.make = make }

  /// The value.
  var value: Value {
    if let made { return made }
    let own = make()
    made = own
    return own
  }
}

/// The names of labels, and the number that each has in a model.
public struct LabelTable: Sendable, Equatable {
  /// The names; the id of each is its place.
  public let names: [String]
  private let ids: [String: Int]

  /// Keeps the names in their order, such as a model's; a name that stands twice has its first place.
  public init(ordered names: [String]) {
    self.names = names
    ids = Dictionary(zip(names, names.indices)) { first, _ in first }
  }

  /// Sorts the names: as numbers if all of them are whole numbers, otherwise by their UTF-8 bytes.
  public init(sorting names: some Sequence<String>) {
    let names = Set(names)
    let numbers = names.compactMap { name in Int(name).flatMap { "\($0)" == name ? $0 : nil } }
    if numbers.count == names.count {
      self.init(ordered: numbers.sorted().map(String.init))
    } else {
      self.init(ordered: names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
  }

  /// How many labels there are.
  public var count: Int { names.count }

  /// The id of a name in `0 ..< count`, or nil if it is unknown.
  public func id(of name: String) -> Int? { ids[name] }
}

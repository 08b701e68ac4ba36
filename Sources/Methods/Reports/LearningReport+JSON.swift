public import Models

extension LearningReport {
  /// The same numbers for programs.
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("title", JSON.text(title)), .init("lead", JSON.text(lead)),
      .init("model", JSON.text(ifAny: model)), .init("data", source?.json ?? .null),
      .init("seed", seed.map(JSON.seed) ?? .null),
      .init("seconds", .finite(seconds)),
    ]
    members.append(
      .init(
        "headlines",
        .array(
          headlines.map {
            .object([
              .init("value", JSON.text($0.value)), .init("what", JSON.text($0.what)),
              .init("explanation", JSON.text($0.explanation)),
            ])
          }
        )
      )
    )
    members.append(.init("sections", .array(sections.map(\.json))))
    let facts = facts.map { fact in
      JSON.object([.init("name", JSON.text(fact.name)), .init("value", JSON.text(fact.value))])
    }
    members.append(.init("facts", .array(facts)))
    members.append(.init("notes", .array(notes.map { JSON.text($0) })))
    return .object(members)
  }
}

extension LearningReport.Source {
  var json: JSON {
    .object([
      .init("name", JSON.text(name)), .init("train", .integer(train)),
      .init("choose", .integer(choose)), .init("test", .integer(test)),
      .init("origin", JSON.text(origin)),
    ])
  }
}

extension LearningReport.Section {
  var json: JSON {
    let (kind, value) = body.kindAndJSON
    return .object([
      .init("title", JSON.text(title)), .init("lead", JSON.text(lead)), .init(kind, value),
    ])
  }
}

extension LearningReport.Body {
  /// The key under which a section keeps what it shows, and that.
  var kindAndJSON: (kind: String, json: JSON) {
    switch self {
    case .plot(let plot): return ("plot", plot.json)
    case .bars(let plot): return ("bars", plot.json)
    case .table(let header, let rows):
      let lines = rows.map { JSON.array($0.map { JSON.text($0) }) }
      let table = JSON.object([
        .init("header", .array(header.map { JSON.text($0) })), .init("rows", .array(lines)),
      ])
      return ("table", table)
    case .examples(let examples): return ("examples", .array(examples.map(\.json)))
    case .experts(let layers): return ("experts", .array(layers.map(\.json)))
    case .exits(let exits): return ("exits", .array(exits.map(\.json)))
    case .effort(let rows): return ("effort", .array(rows.map(\.json)))
    }
  }
}

extension JSON {
  /// A number; `null` if there is none, or none that JSON could hold.
  static func finite(_ value: Double?) -> JSON {
    guard let value, value.isFinite else { return .null }
    return .number(value)
  }

  /// A seed may need all 64 bits, which an integer here does not have; then it is text.
  static func seed(_ seed: UInt64) -> JSON {
    Int(exactly: seed).map(JSON.integer) ?? .text("\(seed)")
  }

  /// A string of these characters, or `null`.
  static func text(ifAny text: String?) -> JSON { text.map { JSON.text($0) } ?? .null }
}

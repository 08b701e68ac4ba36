import ArgumentParser
import MeteClient

/// `mete models`: what the daemon serves.
struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models, or describe one."
  )

  @Argument(help: "The model to describe; without it, all are listed.")
  var name: String?

  @Flag(help: "Write JSON, one object per line.")
  var json = false

  @OptionGroup var server: ServerArguments

  func run() async throws {
    let client = try await server.connect()
    let options = CallOptions(deadline: .seconds(10))
    if let name {
      let card = try await client.model(named: name, options: options)
      try Terminal.write(json ? card.fields.jsonText + "\n" : description(of: card))
    } else {
      let cards = try await client.models(options: options)
      try Terminal.write(
        json ? cards.map { $0.fields.jsonText + "\n" }.joined() : list(of: cards)
      )
    }
    await client.close()
  }

  private func list(of cards: [ModelCard]) -> String {
    var table = Columns(right: [2, 3, 4])
    table.add("NAME", "FAMILY", "WEIGHTS", "LAYERS", "POSITIONS", "METHODS", "PRICE")
    for card in cards {
      table.add(
        card.name,
        card.family,
        card.parameters.grouped,
        card.layers.grouped,
        card.positionsMax.grouped,
        card.methods.joined(separator: " "),
        price(of: card)
      )
    }
    return table.text()
  }

  private func description(of card: ModelCard) -> String {
    var table = Columns()
    table.add("name", card.name)
    table.add("family", card.family)
    table.add("format", card.format)
    table.add("methods", card.methods.joined(separator: " "))
    table.add("weights", card.parameters.grouped)
    table.add("layers", card.layers.grouped)
    table.add("width", card.width.grouped)
    table.add("vocabulary", card.vocabulary.grouped)
    table.add("positions", card.positionsMax.grouped)
    if let pooling = card.pooling { table.add("pooling", pooling) }
    if !card.labels.isEmpty { table.add("labels", card.labels.joined(separator: ", ")) }
    if !card.sha256.isEmpty { table.add("sha256", card.sha256) }
    table.add("price", price(of: card))
    guard !card.effort.isEmpty else { return table.text() }
    var curve = Columns()
    curve.add("effort", "of the work", "right", "as the whole model")
    for point in card.effort {
      let shares = [point.macsShare, point.accuracy, point.agreement]
      let cells = shares.map { "\((100 * $0).fixed(1)) %" }
      curve.add(point.effort.fixed(2), cells[0], cells[1], cells[2])
    }
    return table.text() + "\n" + curve.text()
  }

  /// The tariff in whole units of money for 10¹² multiply-adds, which is a number one can compare.
  private func price(of card: ModelCard) -> String {
    "\((card.microPerGigaMAC / 1000).fixed(4)) \(card.currency) for 10¹² multiply-adds"
  }
}

internal import Models

/// How many of a layer's experts ran for a token.
public struct ExpertUse: Sendable, Equatable {
  /// What the layer is called.
  public var name: String
  /// Share of its experts that ran, on average over tokens.
  public var mean: Double
  /// Tokens for which 0–10 %, 10–20 % … 90–100 % of the experts ran; any number of bins of equal width will do.
  public var tokens: [Int]

  /// Describes a layer; `tokens` may be empty.
  public init(name: String, mean: Double, tokens: [Int] = []) {
    (self.name, self.mean, self.tokens) = (name, mean, tokens)
  }

  /// Share of the tokens in each bin.
  private var shares: [Double] {
    let sum = tokens.reduce(0) { $0 + Double(max(0, $1)) }
    return tokens.map { sum > 0 ? Double(max(0, $0)) / sum : 0 }
  }

  /// A histogram for each layer, all to the same scale, with a stroke at the mean.
  static func html(_ layers: [ExpertUse]) -> String {
    let most = layers.flatMap(\.shares).max() ?? 0
    let rows = layers.map { layer in
      "<tr>\(HTML.cell(layer.name, "th"))<td class=\"spread\">\(layer.picture(most))</td>"
        + "<td class=\"n\">\(HTML.percent(layer.mean))</td></tr>"
    }
    return """
      <table class="bars">
      <thead><tr><th scope="col">layer</th><th scope="col"><span class="ends"><span>none</span><span>experts run for a token</span><span>all</span></span></th><th scope="col" class="n">mean</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      <p class="note">A column is the share of tokens that needed so many experts\
      \(most > 0 ? "; the highest is \(HTML.percent(most, 0))" : ""). The stroke is the mean.</p>
      """
  }

  /// Stretched to its cell, so it holds no text and strokes keep their width.
  private func picture(_ most: Double) -> String {
    let shares = shares
    let step = 200 / Double(max(1, shares.count))
    let columns = shares.enumerated().map { place, share in
      let height = most > 0 ? 27 * share / most : 0
      let title = "\(HTML.percent(share)) of tokens"
      return
        "<rect x=\"\(HTML.decimal(Double(place) * step + 1, 1))\" y=\"\(HTML.decimal(28 - height, 1))\""
        + " width=\"\(HTML.decimal(max(0.5, step - 2), 1))\" height=\"\(HTML.decimal(height, 1))\"><title>\(title)</title></rect>"
    }
    var stroke = ""
    if mean.isFinite {
      let x = HTML.decimal(1 + 198 * min(1, max(0, mean)), 1)
      stroke = "<line x1=\"\(x)\" y1=\"0\" x2=\"\(x)\" y2=\"28\"/>"
    }
    return
      "<svg viewBox=\"0 0 200 28\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\(HTML.escaped(name)): \(HTML.percent(mean)) on average\">"
      + "\(columns.joined())\(stroke)</svg>"
  }

  var json: JSON {
    .object([
      .init("name", JSON.text(name)), .init("mean", .finite(mean)),
      .init("tokens", .array(tokens.map { .integer($0) })),
    ])
  }
}

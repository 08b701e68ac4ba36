import ArgumentParser
import MeteClient

/// `mete embed`: vectors for texts.
struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn each text into a vector.",
    discussion: """
      Shows the size and the first numbers of each vector; --json writes all of them, --similarity the \
      cosines between the texts instead.
      """
  )

  @OptionGroup var input: TextArguments

  @Flag(help: "Show how similar the texts are: the cosine of each pair.")
  var similarity = false

  @Flag(inversion: .prefixedNo, help: "Give vectors length 1, or not (default: as the model says).")
  var normalize: Bool?

  @Flag(help: "Cut a text that is too long instead of refusing it.")
  var truncate = false

  @OptionGroup var call: CallArguments

  func run() async throws {
    let texts = try input.read()
    let (normalize, truncate) = (normalize, truncate)
    try await call.perform { client, options in
      let answer = try await client.embed(
        texts,
        normalize: normalize,
        truncate: truncate,
        options: options
      )
      if similarity {
        try writeSimilarity(answer.value, of: texts)
      } else {
        try writeVectors(answer.value, of: texts)
      }
      return Receipt(bill: answer.bill)
    }
  }

  private func writeVectors(_ vectors: [[Float]], of texts: [String]) throws {
    if call.display.json {
      for (index, vector) in vectors.enumerated() {
        try Terminal.write(json: [
          "index": Value(index), "vector": .array(vector.map(Value.float)),
        ])
      }
      return
    }
    var table = Columns(right: [0, 1, 2, 3, 4, 5])
    for (text, vector) in zip(texts, vectors) {
      let first = vector.prefix(4).map { Double($0).fixed(4) }
      table.add(["\(vector.count) numbers"] + first + [vector.count > 4 ? "…" : "", text.quoted])
    }
    try Terminal.write(table.text())
  }

  private func writeSimilarity(_ vectors: [[Float]], of texts: [String]) throws {
    let rows = vectors.map { row in vectors.map { cosine(row, $0) } }
    if call.display.json {
      for (index, row) in rows.enumerated() {
        try Terminal.write(json: [
          "index": Value(index), "similarity": .array(row.map(Value.double)),
        ])
      }
      return
    }
    var table = Columns(right: Set(0 ... vectors.count))
    table.add([""] + rows.indices.map { "[\($0)]" })
    for (index, row) in rows.enumerated() {
      table.add(["[\(index)]"] + row.map { $0.fixed(3) } + [texts[index].quoted])
    }
    try Terminal.write(table.text())
  }
}

/// The cosine of the angle between two vectors of one size; 0 if one of them is nothing.
private func cosine(_ one: [Float], _ other: [Float]) -> Double {
  func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  let length = (dot(one, one) * dot(other, other)).squareRoot()
  return length > 0 ? dot(one, other) / length : 0
}

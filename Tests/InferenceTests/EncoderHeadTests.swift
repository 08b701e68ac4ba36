import Foundation
import Inference
import Models
import Support
import Tensors
import Testing

/// How an encoder pools and what its logits mean is read from its directory, and obeyed by reference and engine.
struct EncoderHeadTests {
  /// A copy of a fixture, of which a file says something else.
  private func model(_ name: String, _ file: String, _ text: (String) -> String) throws
    -> (TemporaryFolder, Checkpoint)
  {
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/\(name)"))
    let old = String(decoding: Fixtures.bytes("\(folder.path)/\(file)"), as: UTF8.self)
    _ = try folder.write(Array(text(old).utf8), to: file)
    if name == "bert-encoder" {
      // The fixture has none, and what is served must have one.
      let tokenizer = Fixtures.bytes(Fixtures.path("models/bert-classifier/tokenizer.json"))
      _ = try folder.write(tokenizer, to: "tokenizer.json")
    }
    return (folder, try Checkpoint.open(path: folder.path))
  }

  private func reference(_ checkpoint: Checkpoint) throws -> BertReference {
    guard case .bert(let configuration, let weights) = checkpoint.family else {
      throw FormatError(path: checkpoint.path, reason: "is no encoder")
    }
    return BertReference(configuration: configuration, weights: weights)
  }

  private func golden(_ name: String) throws -> JSON {
    let path = Fixtures.path("golden/tiny/\(name).json")
    return try JSON(parsing: Fixtures.bytes(path), path: path)
  }

  private func numbers(_ json: JSON, _ key: String) throws -> [Double] {
    try #require(json[key]?.items).compactMap(\.number)
  }

  private func tokens(_ json: JSON) throws -> [Int32] {
    try #require(json["tokens"]?.items).compactMap { $0.integer.map { Int32($0) } }
  }

  // MARK: Pooling

  /// One vector of all rows, the plain way; the fixture scales it to length 1.
  private func pooled(_ rows: [[Double]], _ pooling: BertConfiguration.Pooling) -> [Double] {
    let columns = rows[0].indices
    let vector: [Double] =
      switch pooling {
      case .cls: rows[0]
      case .lastToken: rows[rows.count - 1]
      case .mean: columns.map { d in rows.map { $0[d] }.reduce(0, +) / Double(rows.count) }
      case .max: columns.map { d in rows.map { $0[d] }.max() ?? 0 }
      }
    let length = vector.map { $0 * $0 }.reduce(0, +).squareRoot()
    return vector.map { $0 / length }
  }

  /// Both spellings that sentence-transformers has written.
  @Test(
    arguments: [
      ("\"pooling_mode\": \"max\"", BertConfiguration.Pooling.max),
      ("\"pooling_mode_cls_token\": false, \"pooling_mode_max_tokens\": true", .max),
      ("\"pooling_mode\": \"lasttoken\"", .lastToken),
      ("\"pooling_mode_lasttoken\": true", .lastToken),
      ("\"pooling_mode\": \"mean\"", .mean),
      ("\"pooling_mode_mean_tokens\": true", .mean),
      ("\"pooling_mode\": \"cls\"", .cls),
    ]
  )
  func aTextIsPooledAsItsDirectorySays(
    setting: String,
    pooling: BertConfiguration.Pooling
  ) throws {
    let (_, checkpoint) = try model("bert-encoder", "1_Pooling/config.json") { _ in
      "{\"word_embedding_dimension\": 32, \(setting)}"
    }
    let reference = try reference(checkpoint)
    #expect(reference.configuration.pooling == pooling)
    // What transformers gave for every token.
    let golden = try golden("bert-encoder")
    let tokens = try tokens(golden)
    let hidden = try numbers(golden, "hidden")
    let rows = tokens.indices.map { Array(hidden[$0 * 32 ..< $0 * 32 + 32]) }
    let wanted = pooled(rows, pooling)
    let found = reference.embed(tokens)
    #expect(found.count == 32)
    for (a, b) in zip(found, wanted) { #expect(abs(Double(a) - b) <= 1e-5) }
    let bench = FamilyBench(try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32))
    let served = bench.run(.embed(EncodeParameters()), .tokens(tokens))
      .compactMap { if case .embedding(_, _, let vector) = $0 { vector } else { nil } }
    #expect(served.count == 1 && served[0].count == 32)
    for (a, b) in zip(served[0], wanted) { #expect(abs(Double(a) - b) <= 1e-4) }
  }

  // MARK: Logits

  /// What a client sees of logits, the plain way.
  private func scores(_ logits: [Double], _ problem: BertConfiguration.Problem) -> [Double] {
    switch problem {
    case .multiLabel: return logits.map { 1 / (1 + Foundation.exp(-$0)) }
    case .regression: return logits
    case .singleLabel:
      let total = logits.map(Foundation.exp).reduce(0, +)
      return logits.map { Foundation.exp($0) / total }
    }
  }

  private func expectScores(
    _ checkpoint: Checkpoint,
    _ golden: JSON,
    _ labels: [String],
    _ problem: BertConfiguration.Problem
  ) throws {
    let reference = try reference(checkpoint)
    #expect(reference.configuration.problem == problem)
    #expect(reference.configuration.labels == labels)
    let tokens = try tokens(golden)
    let types = golden["types"]?.items?.compactMap { $0.integer.map { Int32($0) } }
    var logits = Array(try numbers(golden, "logits").prefix(labels.count))
    for (a, b) in zip(reference.classify(tokens, types: types), logits) {
      #expect(abs(Double(a) - b) <= 1e-5)
    }
    // Tokens that a client sends are all of the first segment.
    if types?.contains(1) == true { logits = reference.classify(tokens).map(Double.init) }
    let bench = FamilyBench(try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32))
    let served = bench.run(.classify(EncodeParameters()), .tokens(tokens))
      .compactMap { if case .labels(_, _, let scores) = $0 { scores } else { nil } }
    #expect(served.count == 1)
    let wanted = zip(labels, scores(logits, problem)).sorted { $0.1 > $1.1 }
    #expect(served[0].map(\.label) == wanted.map(\.0))
    for (a, b) in zip(served[0].map(\.score), wanted.map(\.1)) {
      #expect(abs(Double(a) - b) <= 1e-4)
    }
  }

  @Test(
    arguments: ["bert-classifier", "roberta-classifier", "distilbert-classifier"],
    [
      BertConfiguration.Problem.singleLabel, .multiLabel, .regression,
    ]
  )
  func logitsMeanWhatTheDirectorySays(
    name: String,
    problem: BertConfiguration.Problem
  ) throws {
    let (_, checkpoint) = try model(name, "config.json") {
      $0.replacing(
        "{\n",
        with: "{\n \"problem_type\": \"\(problem.rawValue)\",\n",
        maxReplacements: 1
      )
    }
    try expectScores(checkpoint, golden(name), ["calm", "stormy", "drizzle"], problem)
  }

  /// A head of one label alone says whether it holds, unless the directory says otherwise.
  @Test(arguments: [
    (nil, BertConfiguration.Problem.multiLabel), ("regression", .regression),
    ("single_label_classification", .singleLabel),
  ])
  func oneLabelAloneHoldsOrNot(named: String?, problem: BertConfiguration.Problem) throws {
    let name = "distilbert-classifier"
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/\(name)"))
    let problemType = named.map { "\"problem_type\": \"\($0)\",\n" } ?? ""
    let old = String(decoding: Fixtures.bytes("\(folder.path)/config.json"), as: UTF8.self)
    let tail = try #require(old.range(of: "\"id2label\": {"))
    let end = try #require(old[tail.upperBound...].firstIndex(of: "}"))
    let one = old[..<tail.lowerBound] + problemType + "\"id2label\": {\"0\": \"calm\"" + old[end...]
    _ = try folder.write(Array(one.utf8), to: "config.json")
    try keepFirstLabel("\(folder.path)/model.safetensors")
    let checkpoint = try Checkpoint.open(path: folder.path)
    try expectScores(checkpoint, golden(name), ["calm"], problem)
  }

  /// Writes the file again with the classifier's first row alone.
  private func keepFirstLabel(_ path: String) throws {
    let file = try Safetensors(path: path)
    let tensors = try file.tensors.map { tensor in
      let isHead = tensor.name.hasPrefix("classifier.")
      let shape = isHead ? [1] + tensor.shape.dropFirst() : tensor.shape
      let values = tensor.file.floats(
        try #require(tensor.type),
        at: tensor.offset,
        count: shape.reduce(1, *)
      )
      return (SafetensorsWriter.Entry(tensor.name, shape), values)
    }
    try FileManager.default.removeItem(atPath: path)
    let writer = try SafetensorsWriter(path: path, entries: tensors.map(\.0))
    for (_, values) in tensors { try writer.add(values) }
    try writer.finish()
  }
}

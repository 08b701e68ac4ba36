internal import Models

extension PublicSet {
  /// What `set.json` says: where the examples come from, how they were dealt, and what is in each file.
  func manifest(of prepared: Prepared) -> JSON {
    let set = prepared.set
    let parts = zip(LearningSet.parts, [set.train, set.choose, set.test])
    return .object([
      .init("name", .text(name)), .init("title", .text(title)), .init("licence", .text(licence)),
      .init(
        "sources",
        .array(zip(sources, prepared.reports).map { Self.object(of: $0, $1) })
      ),
      .init("labels", .array(set.labels.names.map(JSON.text))),
      .init(
        "files",
        .array(
          zip(parts, prepared.hashes).map { part, hash in
            Self.object(of: part.1, file: "\(part.0).jsonl", hash)
          }
        )
      ),
      .init("test_texts_in_train", .integer(prepared.sharedTexts)),
    ])
  }

  private static func object(of source: Source, _ report: ReadingReport) -> JSON {
    let package = source.sourceSHA256.map { [JSON.Member("package_sha256", .text($0))] } ?? []
    let file: [JSON.Member] = [
      .init("member", .text(source.member)), .init("sha256", .text(source.sha256)),
    ]
    let rows: [JSON.Member] = [
      .init("rows", .integer(report.used)),
      .init(
        "skipped",
        .object(report.skips.map { .init($0.reason.rawValue, .integer($0.count)) })
      ),
      .init("seed", .integer(Int(source.plan.seed))),
      .init(
        "parts",
        .object(source.plan.parts.map { .init($0.name, .text("\($0.share)")) })
      ),
    ]
    return .object([.init("package", .text(source.requirement))] + package + file + rows)
  }

  private static func object(of part: Dataset, file: String, _ hash: String) -> JSON {
    .object([
      .init("file", .text(file)), .init("sha256", .text(hash)),
      .init("examples", .integer(part.items.count)),
      .init(
        "labels",
        .object(zip(part.labels.names, part.counts).map { .init($0, .integer($1)) })
      ),
    ])
  }
}

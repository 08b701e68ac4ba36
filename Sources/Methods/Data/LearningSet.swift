internal import Foundation

/// What a method learns from: examples to train on, others to choose settings by, and others to be judged by.
public struct LearningSet: Sendable, Equatable {
  /// The parts' names, which are their files' names without their endings.
  public static let parts = ["train", "choose", "test"]

  /// What weights are fitted to.
  public var train: Dataset
  /// What decides between settings and ends training; never trained on.
  public var choose: Dataset
  /// What is judged once, when everything is decided.
  public var test: Dataset

  /// Three parts with the same labels.
  public init(train: Dataset, choose: Dataset, test: Dataset) {
    precondition(train.labels == choose.labels, "labels of \(train.name) and \(choose.name)")
    precondition(train.labels == test.labels, "labels of \(train.name) and \(test.name)")
    self.train = train
    self.choose = choose
    self.test = test
  }

  /// What the labels' ids mean.
  public var labels: LabelTable { train.labels }

  /// Reads a folder with a file for each part: `train`, `choose` and `test`, each .jsonl, .csv or .tsv.
  ///
  /// - Parameters:
  ///   - folder: as `mete data` writes it, or a user's own.
  ///   - settings: what is looked for in each file.
  ///   - labels: what the model knows; nil takes the names in `train`, sorted.
  /// - Returns: the set, and what became of each file's rows, in the order of `parts`.
  /// - Throws: `DatasetError` if a file is missing, there twice or of no use, or has a label that is not in `labels`.
  public static func open(
    folder: String,
    settings: LabelledSettings = LabelledSettings(),
    labels: LabelTable? = nil
  ) throws(DatasetError) -> (set: LearningSet, reports: [ReadingReport]) {
    let train = try Dataset.open(path: file("train", folder), settings: settings, labels: labels)
    let table = train.dataset.labels
    let choose = try Dataset.open(path: file("choose", folder), settings: settings, labels: table)
    let test = try Dataset.open(path: file("test", folder), settings: settings, labels: table)
    return (
      LearningSet(train: train.dataset, choose: choose.dataset, test: test.dataset),
      [train.report, choose.report, test.report]
    )
  }

  private static func file(_ part: String, _ folder: String) throws(DatasetError) -> String {
    let endings = ["jsonl", "ndjson", "csv", "tsv", "tab"]
    let found = endings.map { "\(folder)/\(part).\($0)" }
      .filter { FileManager.default.fileExists(atPath: $0) }
    guard let path = found.first else {
      throw DatasetError(path: folder, reason: "has no \(part).jsonl, \(part).csv or \(part).tsv")
    }
    guard found.count == 1 else {
      throw DatasetError(
        path: folder,
        reason: "has \(found.count) files for \(part), such as \(path)"
      )
    }
    return path
  }
}

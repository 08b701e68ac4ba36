internal import Foundation
internal import Tensors

/// A kind of folder that a command writes: it appears whole, and makes way only for another of its kind.
public struct KindOfFolder: Sendable {
  /// The file that tells such a folder from all others.
  public let marker: String
  /// What it is, with an article, as errors say it: `a fitted model`.
  public let name: String

  /// A kind.
  ///
  /// - Parameters:
  ///   - marker: a file that only these folders have.
  ///   - name: with an article.
  public init(marker: String, name: String) { (self.marker, self.name) = (marker, name) }

  /// Whether a folder is there and may be replaced.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - replacing: whether one of this kind makes way.
  /// - Returns: false where nothing is.
  /// - Throws: `FormatError` if something is there that stays.
  @discardableResult
  public func isReplaceable(_ target: String, replacing: Bool) throws(FormatError) -> Bool {
    guard FileManager.default.fileExists(atPath: target) else { return false }
    guard replacing else {
      throw FormatError(path: target, reason: "is there already; --force replaces \(name)")
    }
    guard FileManager.default.fileExists(atPath: "\(target)/\(marker)") else {
      throw FormatError(path: target, reason: "is not \(name), and only that would be replaced")
    }
    return true
  }

  /// Fills a folder beside its place, and moves it there when all of it is on the disk.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - replacing: whether one of this kind makes way.
  ///   - fill: writes the files into the folder at the path that it is given, each to the disk.
  /// - Throws: `FormatError`; then nothing has changed.
  public func write(
    to target: String,
    replacing: Bool,
    fill: (_ path: String) throws(FormatError) -> Void
  ) throws(FormatError) {
    let isThere = try isReplaceable(target, replacing: replacing)
    let folder = try blaming { () throws(TensorsError) in try NewFolder(target: target) }
    // After an exchange this is what was there; after a failure what was begun.
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try fill(folder.path)
    try blaming { () throws(TensorsError) in try folder.publish(replacing: isThere) }
  }

  /// Writes one file and waits until it is on the disk.
  ///
  /// - Parameters:
  ///   - bytes: all of it.
  ///   - path: where none is yet.
  /// - Throws: `FormatError` if the system refuses.
  public static func write(_ bytes: [UInt8], to path: String) throws(FormatError) {
    try blaming { () throws(TensorsError) in
      let file = try NewFile(path: path)
      try file.write(bytes.span)
      try file.finish()
    }
  }
}

internal import Foundation
internal import Tensors

/// A single file that a command writes: it appears whole, and never in another's place.
public enum WholeFile {
  /// Checks that a place is free, before any work is done for it.
  ///
  /// - Throws: `FormatError` if something is there.
  public static func checkFree(_ target: String) throws(FormatError) {
    guard !FileManager.default.fileExists(atPath: target) else {
      throw FormatError(
        path: target,
        reason: "is there already; remove it, or choose another place"
      )
    }
  }

  /// Makes a file beside its place, and moves it there when all of it is on the disk.
  ///
  /// - Parameters:
  ///   - target: the file to make; there must be none.
  ///   - fill: writes the file at the path that it is given, to the disk.
  /// - Throws: `FormatError`; then nothing half-written is left.
  public static func write(
    to target: String,
    fill: (_ path: String) throws(FormatError) -> Void
  ) throws(FormatError) {
    try checkFree(target)
    let place = NewFilePlace(target: target)
    // What a program of the same process id left when it was killed.
    try? FileManager.default.removeItem(atPath: place.path)
    do throws(FormatError) {
      try fill(place.path)
      try blaming { () throws(TensorsError) in try place.publish() }
    } catch {
      try? FileManager.default.removeItem(atPath: place.path)
      // Who reads this knows only the place that was asked for.
      guard error.path == place.path else { throw error }
      throw FormatError(path: target, reason: error.reason)
    }
  }
}

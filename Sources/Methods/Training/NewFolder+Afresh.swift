import Foundation
import Tensors

extension NewFolder {
  /// Makes an empty folder beside `target`, in place of one that a killed process of the same id left.
  ///
  /// - Throws: `TensorsError` if the system refuses.
  static func afresh(_ target: String) throws(TensorsError) -> NewFolder {
    try? FileManager.default.removeItem(atPath: path(for: target))
    return try NewFolder(target: target)
  }
}

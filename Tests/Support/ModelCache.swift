import Foundation

/// Real models, fetched once into an ignored folder.
public enum ModelCache {
  /// Where `relative` lies in the cache, or nil if it has not been fetched.
  ///
  /// The cache is the folder that `METE_CACHE` names, or `.cache/models` of this package.
  public static func path(_ relative: String) -> String? {
    let cache =
      ProcessInfo.processInfo.environment["METE_CACHE"] ?? "\(Repository.root)/.cache/models"
    let path = "\(cache)/\(relative)"
    return FileManager.default.isReadableFile(atPath: path) ? path : nil
  }
}

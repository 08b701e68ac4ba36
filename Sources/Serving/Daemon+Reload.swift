import Logging

extension Daemon {
  /// Reads the configuration again and obeys all of it, or, if anything is wrong, nothing.
  func reload() {
    guard !isStopping, let read = onReload else { return }
    herald.reloading()
    do {
      let fresh = try read()
      let changed = try configuration.changes(reloading: fresh)
      if fresh.logLevel != configuration.logLevel,
        let level = Logger.Level(rawValue: fresh.logLevel.rawValue)
      {
        log.logLevel = level
      }
      configuration = fresh
      exchange.adopt(fresh, log: log)
      log.notice("reloaded", metadata: ["changed": "\(changed.joined(separator: " "))"])
      herald.ready()
    } catch {
      log.error("reload refused", metadata: ["reason": "\(error)"])
      herald.refused("\(error)")
    }
  }
}

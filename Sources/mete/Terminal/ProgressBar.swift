import Foundation

/// A line on standard error that shows how far a piece of work is, where a person watches; nothing elsewhere.
final class ProgressBar {
  private static let width = 30

  private let title: String
  private let isWatched = isatty(FileHandle.standardError.fileDescriptor) == 1
  private var shown = -1
  /// What `show` counts to; 0 while that is not known.
  var total = 0
  /// Stands behind the bar from the next `show` on; then every call is seen.
  var note = ""

  /// Shows the title.
  init(_ title: String) {
    self.title = title
    if isWatched { Terminal.tell("\(title) …") }
  }

  /// Shows how much is done, if that changes what is seen.
  func show(_ done: Int) {
    guard isWatched, total > 0 else { return }
    let percent = min(100, done * 100 / total)
    guard percent != shown || !note.isEmpty else { return }
    shown = percent
    let full = percent * Self.width / 100
    let bar =
      String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
    let end = note.isEmpty ? "" : "  \(note)"
    Terminal.tell("\r\u{1B}[K\(title) \(bar) \(percent) %\(end)")
  }

  /// Takes the line away.
  func clear() { if isWatched { Terminal.tell("\r\u{1B}[K") } }
}

import Foundation

/// Listens for the keyboard's interrupt in place of dying of it; a second one ends the program at once.
final class Interruption {
  private let source: any DispatchSourceSignal

  /// Starts to listen.
  init(_ action: @escaping @Sendable () -> Void) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      // Nobody waits for a bill twice: the next interrupt has its usual meaning.
      signal(SIGINT, SIG_DFL)
      action()
    }
    source.resume()
  }

  /// Gives the signal its usual meaning back.
  func stop() {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}

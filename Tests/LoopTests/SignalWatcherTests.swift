import Glibc
import Testing

@testable import Loop

struct SignalWatcherTests {
  /// In a process of its own, for signals concern a whole process.
  @Test func everySignalArrivesOnTheLoop() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      var seen: [Signal] = []
      var waiting = Signal.allCases
      var watchers: [SignalWatcher] = []
      for signal in Signal.allCases {
        watchers.append(
          try SignalWatcher(signal, on: loop) { signal in
            seen.append(signal)
            if waiting.isEmpty { loop.stop() } else { kill(getpid(), waiting.removeFirst().number) }
          }
        )
      }
      kill(getpid(), waiting.removeFirst().number)
      loop.run()
      precondition(seen == Signal.allCases)
      loop.close()
    }
  }

  @Test func keptSignalsDoNotKillWhoIsLeaving() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      let watcher = try SignalWatcher(.terminate, on: loop) { _ in }
      try SignalWatcher.keepAll()
      watcher.close()
      loop.run()
      for signal in Signal.allCases { kill(getpid(), signal.number) }
    }
  }

  @Test func aClosedWatcherGivesTheDefaultBack() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      let loop = try EventLoop()
      try SignalWatcher(.terminate, on: loop) { _ in }.close()
      loop.run()
      kill(getpid(), SIGTERM)
      // The signal may be delivered to another thread a moment later.
      while true { pause() }
    }
  }
}

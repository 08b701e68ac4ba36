import Glibc
import Testing

@testable import Loop

/// What a service manager tells us, and how we tell it things.
struct SupervisorTests {
  @Test func withoutAManagerThereIsNothing() throws {
    let none = try Supervisor(environment: [:], processID: 7)
    #expect(!none.notifier.isActive && none.watchdog == nil && none.sockets.isEmpty)
    #expect(none.notifier.send(["READY=1"]), "dropped, and that is well")
    #expect(try !Supervisor(environment: ["NOTIFY_SOCKET": ""], processID: 7).notifier.isActive)
  }

  @Test(arguments: [
    (["WATCHDOG_USEC": "3000000"], Duration.seconds(3)),
    (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"], .seconds(3)),
    (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"], nil),
    (["WATCHDOG_USEC": "0"], nil),
    (["WATCHDOG_USEC": "-5"], nil),
    (["WATCHDOG_USEC": "soon"], nil),
    (["WATCHDOG_PID": "7"], nil),
  ])
  func aWatchdogIsTakenIfItIsForUs(environment: [String: String], patience: Duration?) throws {
    #expect(try Supervisor(environment: environment, processID: 7).watchdog == patience)
  }

  @Test(arguments: ["/", "@"])
  func messagesArriveAsTheyWereSent(kind: String) throws {
    let folder = try TemporaryFolder()
    let name = kind == "/" ? "\(folder.path)/notify" : "@mete-test-\(folder.path)"
    let inbox = try Inbox(name)
    let notifier = ServiceNotifier(path: name)
    #expect(notifier.isActive)
    #expect(notifier.send(["STATUS=two\nlines\r\n.", "READY=1"]))
    #expect(inbox.take() == "STATUS=two lines .\nREADY=1")
    #expect(notifier.send(["STATUS=" + String(repeating: "x", count: 10_000)]))
    #expect(inbox.take()?.utf8.count == ServiceNotifier.bytesMax)
    #expect(notifier.send([]))
    #expect(inbox.take() == nil)
  }

  @Test func aManagerThatDoesNotReadIsNotWaitedFor() throws {
    let folder = try TemporaryFolder()
    let inbox = try Inbox("\(folder.path)/notify")
    let notifier = ServiceNotifier(path: inbox.name)
    var sent = 0
    while notifier.send(["READY=1"]) { sent += 1 }
    #expect(sent > 0)
    while inbox.take() != nil { sent -= 1 }
    #expect(sent == 0, "what was said to be sent was sent")
    #expect(notifier.send(["READY=1"]))
  }

  @Test(arguments: ["/nowhere/at/all", "relative", "@", "/" + String(repeating: "x", count: 200)])
  func aManagerThatIsNotThereIsNoMistakeOfOurs(path: String) {
    #expect(!ServiceNotifier(path: path).send(["READY=1"]))
  }

  /// In a process of its own, for the environment is the whole process's.
  @Test func whatWasTakenNoChildSees() async {
    await #expect(processExitsWith: .success) {
      for name in Supervisor.variables { setenv(name, "", 1) }
      setenv("NOTIFY_SOCKET", "@somewhere", 1)
      setenv("WATCHDOG_PID", "\(getpid())", 1)
      setenv("WATCHDOG_USEC", "1000", 1)
      let taken = try Supervisor.take()
      precondition(taken.notifier.path == "@somewhere" && taken.watchdog == .milliseconds(1))
      for name in Supervisor.variables { precondition(getenv(name) == nil) }
    }
  }
}

/// A datagram socket that hears.
private struct Inbox: ~Copyable {
  let name: String
  let number: Int32

  init(_ name: String) throws {
    self.name = name
    number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let plain = try SocketAddress(path: name, call: "test")
    let target = name.hasPrefix("@") ? plain.madeAbstract(bytes: name.utf8.count) : plain
    let status = target.withPointer { [number] in bind(number, $0, $1) }
    try #require(status == 0)
  }

  deinit { close(number) }

  /// The next message; nil if there is none.
  func take() -> String? {
    var bytes = [UInt8](repeating: 0, count: 20_000)
    let count = recv(number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

import Glibc
import Testing

@testable import Loop

struct ListenerTests {
  @Test func portZeroReportsTheRealPort() throws {
    try onLoop { loop in
      let first = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) { _ in loop.stop() }
      guard case .tcp(let host, let port) = first.address else {
        Issue.record("not a TCP address: \(first.address)")
        return loop.stop()
      }
      #expect(host == "127.0.0.1")
      #expect(port != 0)
      let taken = #expect(throws: LoopError.self) {
        try Listener(first.address, on: loop) { _ in }
      }
      #expect(taken?.code == .addressInUse)
      #expect(taken?.reason.contains("127.0.0.1:\(port)") == true)
      Connection.connect(to: first.address, on: loop) { _ in }
    }
  }

  @Test func aPathThatIsTooLongIsRefused() throws {
    try onLoop { loop in
      for path in ["/tmp/" + String(repeating: "x", count: 103), ""] {
        let error = #expect(throws: LoopError.self) {
          try Listener(.unix(path: path), on: loop) { _ in }
        }
        #expect(error?.code == (path.isEmpty ? .invalidArgument : .nameTooLong))
      }
      loop.stop()
    }
  }

  @Test func theLongestPathWorks() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "x", count: Address.pathBytesMax - folder.path.utf8.count - 1)
    try onLoop { loop in
      let listener = try Listener(folder.socket(name), on: loop) { _ in loop.stop() }
      Connection.connect(to: listener.address, on: loop) { result in
        #expect(throws: Never.self) { try result.get() }
      }
    }
  }

  @Test func aDeadServersSocketIsReplaced() throws {
    let folder = try TemporaryFolder()
    try RawSocket(boundTo: folder.socket()).close()
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { _ in loop.stop() }
      Connection.connect(to: listener.address, on: loop) { _ in }
    }
  }

  @Test func aLivingServersSocketIsRefused() throws {
    let folder = try TemporaryFolder()
    try onLoop { loop in
      var accepted = 0
      let first = try Listener(folder.socket(), on: loop) { _ in
        accepted += 1
        // The probe was the first connection, this is the second: the first server still works.
        if accepted == 2 { loop.stop() }
      }
      let error = #expect(throws: LoopError.self) {
        try Listener(folder.socket(), on: loop) { _ in }
      }
      #expect(error?.code == .addressInUse)
      Connection.connect(to: first.address, on: loop) { _ in }
    }
  }

  @Test func aFileThatIsNoSocketIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    close(file)
    try onLoop { loop in
      let error = #expect(throws: LoopError.self) {
        try Listener(.unix(path: path), on: loop) { _ in }
      }
      #expect(error?.code == .notASocket)
      loop.stop()
    }
    #expect(access(path, F_OK) == 0)
  }

  @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
  func theFileHasTheModeThatWasAsked(_ mode: UInt32) throws {
    let folder = try TemporaryFolder()
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop, mode: mode) { _ in }
      var status = stat()
      #expect(lstat("\(folder.path)/s", &status) == 0)
      #expect(status.st_mode & 0o777 == mode)
      listener.close()
      #expect(access("\(folder.path)/s", F_OK) != 0)
      loop.stop()
    }
  }

  @Test func aSuccessorsFileSurvivesOurClose() throws {
    let folder = try TemporaryFolder()
    try onLoop { loop in
      let old = try Listener(folder.socket(), on: loop) { _ in }
      unlink("\(folder.path)/s")
      _ = try Listener(folder.socket(), on: loop) { _ in loop.stop() }
      old.close()
      Connection.connect(to: folder.socket(), on: loop) { result in
        #expect(throws: Never.self) { try result.get() }
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aSocketFromOutsideIsServed(over transport: Transport) throws {
    let folder = try TemporaryFolder()
    let raw = try RawSocket(boundTo: transport.address(in: folder))
    try onLoop { loop in
      let listener = try Listener(fileDescriptor: raw.release(), on: loop) { server in
        #expect((server.peerUserID != nil) == (transport == .unix))
        loop.stop()
      }
      Connection.connect(to: listener.address, on: loop) { _ in }
    }
    // It was not ours to remove.
    if transport == .unix { #expect(access("\(folder.path)/s", F_OK) == 0) }
  }

  @Test func aDescriptorThatIsNoSocketIsRefused() throws {
    try onLoop { loop in
      let number = open("/dev/null", O_RDONLY)
      let error = #expect(throws: LoopError.self) {
        try Listener(fileDescriptor: number, on: loop) { _ in }
      }
      #expect(error?.code == .notASocket)
      close(number)
      loop.stop()
    }
  }

  @Test func closingStopsAccepting() throws {
    let folder = try TemporaryFolder()
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { _ in
        Issue.record("a closed listener accepted")
      }
      listener.close()
      listener.close()
      Connection.connect(to: folder.socket(), on: loop) { result in
        #expect(throws: LoopError.self) { try result.get() }
        loop.stop()
      }
    }
  }

  /// In a process of its own, since descriptors are counted per process.
  @Test func withoutDescriptorsItPausesAndDropsNobody() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let loop = try EventLoop()
      var errors: [LoopError.Code] = []
      var accepted = 0
      var turns = 0
      var hoard: [Int32] = []
      let listener = try Listener(folder.socket(), on: loop) { _ in
        accepted += 1
        loop.stop()
      }
      let peer = try RawSocket(connectedTo: listener.address)
      var limits = rlimit(rlim_cur: 64, rlim_max: 64)
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0)
      while true {
        let number = dup(0)
        if number < 0 { break }
        hoard.append(number)
      }
      listener.onError = { error in
        errors.append(error.code)
        if errors.count == 3 { for number in hoard { close(number) } }
      }
      let ticks = Timer(on: loop) { turns += 1 }
      ticks.start(after: .milliseconds(10), every: .milliseconds(10))
      loop.run()
      precondition(errors == [.tooManyOpenFiles, .tooManyOpenFiles, .tooManyOpenFiles])
      precondition(accepted == 1, "the connection that waited was served in the end")
      precondition(turns >= 10, "the loop kept turning between the attempts")
      peer.close()
      loop.close()
    }
  }
}

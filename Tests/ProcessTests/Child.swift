import Foundation
import Testing

/// A running program: what it writes is gathered by threads, and every wait has an end.
///
/// All that changes is guarded by `condition`.
final class Child: @unchecked Sendable {
  /// No program of these tests needs as long; the machine may be busy.
  static let patience: TimeInterval = 30

  private let process = Process()
  private let input = Pipe()
  private let condition = NSCondition()
  private var output = Data()
  private var errors = Data()
  private var openEnds = 2
  private var hasExited = false

  /// Starts a program with nothing of our environment but what it is given.
  ///
  /// Sockets, two at most, are passed as systemd does: from descriptor 3 on, and with its own process id
  /// in LISTEN_PID. Its standard output goes nowhere then.
  init(
    _ program: Program,
    _ arguments: [String],
    environment: [String: String] = [:],
    sockets: [Int32] = []
  ) throws {
    process.executableURL = URL(fileURLWithPath: try program.path)
    process.arguments = arguments
    process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
    let (out, err) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = out
    process.standardError = err
    if !sockets.isEmpty { try pass(sockets, to: program) }
    process.terminationHandler = { [weak self] _ in self?.change { $0.hasExited = true } }
    try Self.withSignalsOpen { try process.run() }
    if sockets.isEmpty {
      gather(out.fileHandleForReading) { $0.output.append($1) }
    } else {
      change { $0.openEnds -= 1 }
    }
    gather(err.fileHandleForReading) { $0.errors.append($1) }
  }

  /// Only standard input and output get through `Process`; a shell moves them to where they belong and
  /// becomes the program, whose process id it knows.
  private func pass(_ sockets: [Int32], to program: Program) throws {
    let handles = sockets.map { FileHandle(fileDescriptor: $0, closeOnDealloc: false) }
    process.standardInput = handles[0]
    process.standardOutput = handles[handles.count - 1]
    let moves = handles.count > 1 ? "3<&0 4<&1" : "3<&0"
    let script = "exec \(moves) </dev/null >/dev/null; LISTEN_PID=$$ exec \"$@\""
    process.executableURL = URL(fileURLWithPath: try Program.bash.path)
    process.arguments = ["-c", script, "bash", try program.path] + (process.arguments ?? [])
    process.environment?["LISTEN_FDS"] = "\(handles.count)"
  }

  /// A program inherits which signals are blocked, and the threads that run tests block all of them.
  static func withSignalsOpen(_ body: () throws -> Void) rethrows {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private func gather(_ handle: FileHandle, _ take: @escaping @Sendable (Child, Data) -> Void) {
    Thread.detachNewThread { [weak self] in
      while case let data = handle.availableData, !data.isEmpty {
        self?.change { take($0, data) }
      }
      self?.change { $0.openEnds -= 1 }
    }
  }

  private func change(_ body: (Child) -> Void) {
    condition.lock()
    body(self)
    condition.broadcast()
    condition.unlock()
  }

  /// Writes to the program's standard input.
  func type(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

  /// Ends the program's standard input.
  func closeInput() { try? input.fileHandleForWriting.close() }

  /// Its process id.
  var processID: Int32 { process.processIdentifier }

  /// Whether it has not ended yet.
  var isRunning: Bool { process.isRunning }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until standard output holds a text.
  @discardableResult
  func waitForOutput(_ text: String, _ place: SourceLocation = #_sourceLocation) throws -> String {
    try wait("\(text.debugDescription) in its output", place) { child in
      let output = String(decoding: child.output, as: UTF8.self)
      return output.contains(text) ? output : nil
    }
  }

  /// Waits until a line of standard error holds a text, and gives the line.
  func waitForError(_ text: String, _ place: SourceLocation = #_sourceLocation) throws -> String {
    try wait("\(text.debugDescription) in its errors", place) { child in
      let lines = String(decoding: child.errors, as: UTF8.self).split(separator: "\n")
      return lines.first { $0.contains(text) }.map(String.init)
    }
  }

  /// Closes its standard input and waits for its end and all that it has written.
  func finish(_ place: SourceLocation = #_sourceLocation) throws -> Finished {
    closeInput()
    return try wait("its end", place, evenIfOver: true) { child in
      guard child.hasExited, child.openEnds == 0 else { return nil }
      return Finished(
        code: Int(child.process.terminationStatus),
        isSignalled: child.process.terminationReason == .uncaughtSignal,
        output: String(decoding: child.output, as: UTF8.self),
        errors: String(decoding: child.errors, as: UTF8.self)
      )
    }
  }

  private func wait<Answer>(
    _ what: String,
    _ place: SourceLocation,
    evenIfOver: Bool = false,
    _ body: (Child) -> Answer?
  ) throws -> Answer {
    let end = Date(timeIntervalSinceNow: Self.patience)
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let answer = body(self) { return answer }
      let isOver = hasExited && openEnds == 0 && !evenIfOver
      if isOver || !condition.wait(until: end) { break }
    }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    let name = process.executableURL?.lastPathComponent ?? "?"
    let words = ([name] + (process.arguments ?? [])).joined(separator: " ")
    Issue.record(
      """
      waited in vain for \(what) of: \(words)
      output: \(String(decoding: output, as: UTF8.self))
      errors: \(String(decoding: errors, as: UTF8.self))
      """,
      sourceLocation: place
    )
    throw WaitedInVain()
  }
}

/// A wait was over before what it waited for came; the issue that is recorded says more.
struct WaitedInVain: Error {}

/// What a program left behind.
struct Finished {
  let code: Int
  let isSignalled: Bool
  let output: String
  let errors: String

  /// The lines of standard output as JSON objects; a line that is none is an issue.
  func objects(_ place: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object, "no JSON object: \(line)", sourceLocation: place)
    }
  }
}

extension Child {
  /// Kills it as soon as a folder holds so many names, or when it has ended before.
  func breakOff(whenHolding count: Int, _ folder: String) throws {
    while isRunning {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      if names.count >= count { break }
      Thread.sleep(forTimeInterval: 0.001)
    }
    send(SIGKILL)
    _ = try finish()
  }
}

import Loop
import Synchronization
import Wire

/// The tasks' side of the boundary between a program's tasks and the client's loop thread.
///
/// Everything mutable lives on the loop thread; here is the mailbox that leads there. When the client and
/// all its calls are gone, so is the port, and with it the thread.
final class Port: Sendable {
  private let mailbox: Mailbox<Command>
  private let lastKey = Atomic<CallKey>(0)

  private init(_ mailbox: Mailbox<Command>) { self.mailbox = mailbox }

  deinit { mailbox.post(.close(nil)) }

  /// Starts a loop thread.
  static func start(_ settings: ClientSettings) async throws(MeteError) -> Port {
    typealias Started = Result<Void, LoopError>
    // The mailbox crosses in a queue, whose lock the thread sanitizer can see; the runtime's it cannot.
    let crossing = WorkQueue<Mailbox<Command>>(offersMax: 1)
    let started = await withCheckedContinuation { (waiting: CheckedContinuation<Started, Never>) in
      _ = WorkerThread(named: "mete-client") {
        do throws(LoopError) {
          let loop = try EventLoop()
          let link = Link(on: loop, settings)
          let mailbox = try Mailbox<Command>(on: loop) { link.take($0) }
          crossing.post(mailbox)
          waiting.resume(returning: .success(()))
          loop.run()
          link.finish(refusing: mailbox.close())
        } catch {
          waiting.resume(returning: .failure(error))
        }
      }
    }
    do throws(LoopError) {
      try started.get()
    } catch {
      throw MeteError(.unavailable, detail: MeteError.Local.connectFailed, text: "\(error)")
    }
    let mailbox = crossing.take(waiting: false).first
    guard let mailbox else { preconditionFailure("a loop thread started without its mailbox") }
    return Port(mailbox)
  }

  func nextKey() -> CallKey { lastKey.wrappingAdd(1, ordering: .relaxed).newValue }

  /// Posts a command that nobody waits for.
  func post(_ command: Command) { mailbox.post(command) }

  /// Posts a command and waits for its answer, which always comes.
  ///
  /// When the waiting task is cancelled, `cancelling` is posted, and the answer is awaited even so.
  func ask<Answer: Sendable>(
    cancelling: Command? = nil,
    _ command: (Reply<Answer>) -> Command
  ) async throws(MeteError) -> Answer {
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let command = command(Reply(continuation: continuation))
        if !mailbox.post(command) {
          command.refuse(
            MeteError(
              .cancelled,
              detail: MeteError.Local.clientClosed,
              text: "the client was closed"
            )
          )
        }
      }
    } onCancel: {
      if let cancelling { mailbox.post(cancelling) }
    }
    return try answer.get()
  }
}

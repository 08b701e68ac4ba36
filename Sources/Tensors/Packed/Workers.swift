import CKernels

/// The workers that compute one step together, and the kernels that they use.
///
/// The thread that made it is one of them and makes every call but `wake`, which any thread may. Work is split in ways that do
/// not change a bit of any result: by tiles for products, by rows or heads for the rest.
public final class Workers {
  /// How many compute, this thread included.
  public let count: Int
  /// What they compute with.
  public let kernels: KernelSet
  let crew: ck_crew

  /// CPUs that the process may use at once: its affinity mask, and its cgroup's quota rounded up.
  public static var available: Int { ck_cpus() }

  /// Starts the threads, which sleep while there is nothing to do.
  ///
  /// - Parameters:
  ///   - count: how many compute, the calling thread included.
  ///   - pinned: whether every thread stays on a CPU of its own.
  ///   - kernels: what they compute with.
  public init(count: Int = Workers.available, pinned: Bool = false, kernels: KernelSet = .best) {
    precondition(count > 0, "\(count) workers")
    guard let pool = ck_pool_create(count, pinned) else {
      preconditionFailure("the system refused \(count - 1) threads")
    }
    self.count = count
    self.kernels = kernels
    crew = ck_crew(pool: pool, set: kernels.table)
  }

  deinit { ck_pool_destroy(crew.pool) }

  /// Wakes the others while what they are wanted for is still prepared; they sleep again if nothing comes of it.
  ///
  /// Any thread may call it, also after the end of these workers' work.
  public var wake: @Sendable () -> Void {
    // Sendable: any thread may ring, and who holds this keeps the pool.
    nonisolated(unsafe) let workers = self
    return { ck_pool_wake(workers.crew.pool) }
  }

  /// Has another worker run an errand, if one waits for work just now, and runs it here otherwise.
  ///
  /// A thread that is woken mostly comes where it last was, and waking it there costs less than from another processor. Who ran
  /// an errand sleeps afterwards and makes room.
  ///
  /// - Parameter errand: short; any thread may run it, maybe after this call has returned.
  public func send(_ errand: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Errand(body: errand))
    let isTaken = ck_pool_send(
      crew.pool,
      { context in
        guard let context else { return }
        Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().body()
      },
      box.toOpaque()
    )
    if !isTaken { box.takeRetainedValue().body() }
  }

  /// What carries an errand through C.
  private final class Errand {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Those who sleep, or are about to, and whom nobody has woken.
  var sleepers: Int { ck_pool_sleepers(crew.pool) }

  /// How often they were called, whether or not any slept.
  var rings: Int { Int(ck_pool_rings(crew.pool)) }

  /// Calls `body` once for every worker, with its number, on all of them at once.
  ///
  /// - Parameter body: must not share what it changes with another call, and must not use these workers itself.
  public func together(_ body: (_ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Calls(body: body)) { calls in
        ck_pool_run(
          crew.pool,
          { context, worker, _ in
            context?.assumingMemoryBound(to: Calls.self).pointee.body(worker)
          },
          UnsafeMutableRawPointer(mutating: calls)
        )
      }
    }
  }

  /// Calls `body` once for every item, each on the worker that is free first: who is kept from running leaves his to others.
  ///
  /// - Parameters:
  ///   - items: how many there are; they are begun in order.
  ///   - body: of one worker and one item; must not share what it changes with a call for another worker or item, and must
  ///     not use these workers itself.
  public func deal(_ items: Int, _ body: (_ worker: Int, _ item: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: Deals(body: body)) { deals in
        ck_pool_deal(
          crew.pool,
          items,
          { context, worker, item in
            context?.assumingMemoryBound(to: Deals.self).pointee.body(worker, item)
          },
          UnsafeMutableRawPointer(mutating: deals)
        )
      }
    }
  }

  private struct Deals { let body: (Int, Int) -> Void }

  /// What a job of the pool is told.
  private struct Calls { let body: (Int) -> Void }

  /// Seconds that the calling thread has computed, which do not pass while others have its core.
  public static var threadSeconds: Double { ck_thread_seconds() }
}

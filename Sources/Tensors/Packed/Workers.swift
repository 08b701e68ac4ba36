import CKernels

/// The workers that compute one step together, and the kernels that they use.
///
/// The thread that made it is one of them and makes every call. Work is split in ways that do not change a bit of any
/// result: by tiles for products, by rows or heads for the rest.
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

  /// Wakes the others while this thread still prepares what they are wanted for; they sleep again if nothing comes of it.
  public func wake() { ck_pool_wake(crew.pool) }

  /// Those who sleep, or are about to, and whom nobody has woken.
  var sleepers: Int { ck_pool_sleepers(crew.pool) }

  /// How often sleepers were woken.
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

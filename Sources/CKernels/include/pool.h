#ifndef CKERNELS_POOL_H
#define CKERNELS_POOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A fixed pool of workers inside one step. The caller is worker 0; the others are threads that were started once. A job is
// run by all of them, and what its parts are depends on the number of workers alone. A part is its own worker's, whose cache
// may hold what it reads; only where he has not begun some microseconds after the caller has done his, the caller takes it. Between
// jobs a worker spins for as long, since the next job mostly comes at once, and then sleeps: an idle pool uses no CPU.

struct ck_pool;

/// Part `worker` of `workers` of a job.
typedef void ck_job(void *context, size_t worker, size_t workers);

/// Starts workers − 1 threads; NULL if the system refuses them. If `pinned`, worker i stays on the i-th CPU that the caller may
/// use, worker 0 (the caller) excepted: its thread also does other things, and the kernel places it beside the rest.
struct ck_pool *ck_pool_create(size_t workers, bool pinned);

/// Ends the threads.
void ck_pool_destroy(struct ck_pool *pool);

/// How many workers there are, the caller included.
size_t ck_pool_workers(const struct ck_pool *pool);

/// Wakes workers that sleep: they come while the caller prepares a job, and sleep again if none follows. Any thread may call.
void ck_pool_wake(struct ck_pool *pool);

/// Something short that any thread may do.
typedef void ck_errand(void *context);

/// Has a worker that waits awake run an errand, who then sleeps; does not wait for its end. False, with nothing done, if none
/// takes it within about two microseconds. Always called by the thread that runs jobs.
bool ck_pool_send(struct ck_pool *pool, ck_errand *errand, void *context);

/// Workers that sleep, or are about to, and that nobody has woken.
size_t ck_pool_sleepers(const struct ck_pool *pool);

/// How often workers were called, whether or not any slept.
uint32_t ck_pool_rings(const struct ck_pool *pool);

/// Runs a job and returns when all parts are done. Always called by the same thread.
void ck_pool_run(struct ck_pool *pool, ck_job *job, void *context);

/// One item of several, by a worker.
typedef void ck_item_job(void *context, size_t worker, size_t item);

/// Runs a job for every item, in order, each by the worker that is free first; returns when all are done.
void ck_pool_deal(struct ck_pool *pool, size_t items, ck_item_job *job, void *context);

/// CPUs that this process may use at once: its affinity, and its cgroup's quota rounded up.
size_t ck_cpus(void);

/// Seconds that the calling thread has computed; they do not pass while others have its core.
double ck_thread_seconds(void);
#endif

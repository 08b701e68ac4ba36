#define _GNU_SOURCE
#include "pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// About 30 µs: longer than the gap between two products of a layer, much shorter than a time slice.
enum { spins_max = 1000, called_spins_max = 4 * spins_max, late_spins_max = 10 * spins_max, offer_spins_max = 60 };

// An errand is offered, then taken by the worker who runs it, or back by the caller.
enum { errand_none, errand_offered, errand_taken };

struct worker {
  struct ck_pool *pool;
  size_t index;
  int cpu;
  pthread_t thread;
  // The last job whose part `index` somebody took, as the epoch counts them: the thread itself, or the caller if it was late.
  _Alignas(64) _Atomic uint32_t taken;
};

struct ck_pool {
  size_t workers;
  ck_job *job;
  void *context;
  // One more for every job.
  _Alignas(64) _Atomic uint32_t epoch;
  // One more whenever a job is near or there, for those who sleep and those who are about to.
  _Alignas(64) _Atomic uint32_t rings;
  // Threads that sleep and whom nobody has woken yet, so that waking costs a system call only if it does something.
  _Atomic uint32_t sleepers;
  // What a worker who waits is asked to do, whether or not anybody takes it.
  _Alignas(64) _Atomic uint32_t errand_state;
  ck_errand *errand;
  void *errand_context;
  // Parts that are not done.
  _Alignas(64) _Atomic uint32_t left;
  _Atomic bool is_over;
  struct worker threads[];
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void futex(_Atomic uint32_t *word, int operation, uint32_t value) {
  syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

// Runs the errand that is offered, if one still is.
static bool run_errand(struct ck_pool *pool) {
  uint32_t offered = errand_offered;
  if (!atomic_compare_exchange_strong(&pool->errand_state, &offered, errand_taken)) return false;
  ck_errand *errand = pool->errand;
  void *context = pool->errand_context;
  atomic_store(&pool->errand_state, errand_none);
  errand(context);
  return true;
}

static void wait_for_change(struct ck_pool *pool, uint32_t seen, int spins) {
  uint32_t heard = atomic_load(&pool->rings);
  for (;;) {
    for (int i = 0; i < spins; i++) {
      if (atomic_load_explicit(&pool->epoch, memory_order_acquire) != seen) return;
      // Whoever an errand woke may wait for this very CPU.
      if (atomic_load_explicit(&pool->errand_state, memory_order_relaxed) == errand_offered && run_errand(pool)) break;
      const uint32_t rings = atomic_load_explicit(&pool->rings, memory_order_relaxed);
      if (rings != heard) {
        heard = rings;
        // A job is near: to sleep just now would make it wait.
        spins = spins < called_spins_max ? called_spins_max : spins;
        i = 0;
      }
      relax();
    }
    atomic_fetch_add(&pool->sleepers, 1);
    // Whoever makes a job after this look sees a sleeper and rings, and then the system refuses to wait.
    if (atomic_load(&pool->epoch) != seen) return;
    futex(&pool->rings, FUTEX_WAIT, heard);
    heard = atomic_load(&pool->rings);
    spins = spins < called_spins_max ? called_spins_max : spins;
  }
}

void ck_pool_wake(struct ck_pool *pool) {
  // Who was called needs no second call, however long it takes to come. They are counted off before the ring: one who hears it and
  // lies down afterwards is then counted anew, and not taken for called.
  const bool sleeps = atomic_load(&pool->sleepers) > 0 && atomic_exchange(&pool->sleepers, 0) > 0;
  atomic_fetch_add(&pool->rings, 1);
  if (sleeps) futex(&pool->rings, FUTEX_WAKE, INT32_MAX);
}

bool ck_pool_send(struct ck_pool *pool, ck_errand *errand, void *context) {
  if (atomic_load(&pool->sleepers) + 1 >= pool->workers) return false;
  uint32_t state = errand_none;
  // The one before is just being picked up.
  if (!atomic_compare_exchange_strong(&pool->errand_state, &state, errand_taken)) return false;
  pool->errand = errand;
  pool->errand_context = context;
  atomic_store(&pool->errand_state, errand_offered);
  for (int i = 0; i < offer_spins_max; i++) {
    if (atomic_load(&pool->errand_state) != errand_offered) return true;
    relax();
  }
  // Nobody who waits is running.
  state = errand_offered;
  return !atomic_compare_exchange_strong(&pool->errand_state, &state, errand_none);
}

size_t ck_pool_sleepers(const struct ck_pool *pool) { return atomic_load(&pool->sleepers); }

uint32_t ck_pool_rings(const struct ck_pool *pool) { return atomic_load(&pool->rings); }

static void next_epoch(struct ck_pool *pool) {
  atomic_fetch_add(&pool->epoch, 1);
  if (atomic_load(&pool->sleepers) > 0) ck_pool_wake(pool);
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  // Refused under a seccomp filter without @resources: then it runs where it is put.
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// Whether a part of the job of an epoch was still there to take. Until it is taken the job stays; afterwards nobody looks at it.
static bool take(struct worker *worker, uint32_t epoch) {
  uint32_t before = epoch - 1;
  return atomic_compare_exchange_strong(&worker->taken, &before, epoch);
}

static void run_part(struct ck_pool *pool, size_t part) {
  pool->job(pool->context, part, pool->workers);
  atomic_fetch_sub_explicit(&pool->left, 1, memory_order_release);
}

static void *work(void *argument) {
  struct worker *self = argument;
  struct ck_pool *pool = self->pool;
  if (self->cpu >= 0) pin(self->cpu);
  int spins = spins_max;
  for (uint32_t seen = 0;;) {
    wait_for_change(pool, seen, spins);
    if (atomic_load(&pool->is_over)) return NULL;
    seen = atomic_load_explicit(&pool->epoch, memory_order_acquire);
    const bool is_mine = take(self, seen);
    if (is_mine) run_part(pool, self->index);
    // Who came too late should not sleep while the caller does his part, to be late for the next one as well.
    spins = is_mine ? spins_max : late_spins_max;
  }
}

// The `index`-th CPU that this process may use, counted from the last, so that the first is left to other threads; −1 if unknown.
static int cpu_of(size_t index) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
  size_t seen = 0;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
    if (CPU_ISSET((size_t)cpu, &set) && seen++ == index) return cpu;
  return -1;
}

struct ck_pool *ck_pool_create(size_t workers, bool pinned) {
  struct ck_pool *pool = aligned_alloc(64, (sizeof *pool + workers * sizeof(struct worker) + 63) / 64 * 64);
  if (!pool) return NULL;
  pool->workers = 1;
  atomic_init(&pool->epoch, 0);
  atomic_init(&pool->rings, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->errand_state, errand_none);
  atomic_init(&pool->left, 0);
  atomic_init(&pool->is_over, false);
  // Workers inherit a mask that lets no signal through: who starts the pool decides about signals, and a daemon that has
  // blocked SIGTERM to exit in peace must not be killed by one that a sleeping worker takes.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool failed = false;
  for (size_t i = 1; i < workers && !failed; i++) {
    struct worker *worker = &pool->threads[i - 1];
    *worker = (struct worker){.pool = pool, .index = i, .cpu = pinned ? cpu_of(i - 1) : -1};
    atomic_init(&worker->taken, 0);
    failed = pthread_create(&worker->thread, NULL, work, worker) != 0;
    if (failed) break;
    pthread_setname_np(worker->thread, "mete-worker");
    pool->workers++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!failed) return pool;
  ck_pool_destroy(pool);
  return NULL;
}

void ck_pool_destroy(struct ck_pool *pool) {
  atomic_store(&pool->is_over, true);
  next_epoch(pool);
  for (size_t i = 1; i < pool->workers; i++) pthread_join(pool->threads[i - 1].thread, NULL);
  free(pool);
}

size_t ck_pool_workers(const struct ck_pool *pool) { return pool->workers; }

void ck_pool_run(struct ck_pool *pool, ck_job *job, void *context) {
  if (pool->workers > 1) {
    pool->job = job;
    pool->context = context;
    atomic_store_explicit(&pool->left, (uint32_t)pool->workers - 1, memory_order_relaxed);
    next_epoch(pool);
  }
  job(context, 0, pool->workers);
  const uint32_t epoch = atomic_load_explicit(&pool->epoch, memory_order_relaxed);
  for (int i = 0; atomic_load_explicit(&pool->left, memory_order_acquire) > 0; i++) {
    if (i < spins_max) {
      relax();
    } else if (i == spins_max) {
      // A worker that has not woken by now, or whose CPU another thread has, leaves its part to the caller.
      for (size_t part = 1; part < pool->workers; part++)
        if (take(&pool->threads[part - 1], epoch)) run_part(pool, part);
    } else {
      // One that is not running in the middle of its part cannot end it: it is given the CPU.
      sched_yield();
    }
  }
}

struct deal {
  ck_item_job *job;
  void *context;
  size_t items;
  _Atomic size_t next;
};

static void deal_part(void *context, size_t worker, size_t workers) {
  (void)workers;
  struct deal *deal = context;
  for (size_t item; (item = atomic_fetch_add_explicit(&deal->next, 1, memory_order_relaxed)) < deal->items;)
    deal->job(deal->context, worker, item);
}

void ck_pool_deal(struct ck_pool *pool, size_t items, ck_item_job *job, void *context) {
  struct deal deal = {.job = job, .context = context, .items = items};
  atomic_init(&deal.next, 0);
  ck_pool_run(pool, deal_part, &deal);
}

// The quota of a cgroup v2 file "MAX PERIOD" in whole CPUs; 0 if there is none.
static size_t quota_of(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  long long quota = 0, period = 0;
  const int fields = fscanf(file, "%lld %lld", &quota, &period);
  fclose(file);
  return fields == 2 && quota > 0 && period > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

// Our own cgroup's path below the mount of version 2, and every folder above it: the least quota counts.
static size_t least_quota(void) {
  char line[4096], path[4200];
  FILE *file = fopen("/proc/self/cgroup", "re");
  size_t least = 0;
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    if (line[0] != '0' || line[1] != ':' || line[2] != ':') continue;
    line[strcspn(line, "\n")] = 0;
    for (char *own = line + 3; *own == '/'; *strrchr(own, '/') = 0) {
      snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", own);
      const size_t quota = quota_of(path);
      if (quota > 0 && (least == 0 || quota < least)) least = quota;
    }
  }
  fclose(file);
  return least;
}

size_t ck_cpus(void) {
  cpu_set_t set;
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  size_t count = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : online > 0 ? (size_t)online : 1;
  const size_t quota = least_quota();
  if (quota > 0 && quota < count) count = quota;
  return count > 0 ? count : 1;
}

double ck_thread_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

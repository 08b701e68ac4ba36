// The door to libuv; Loop is its only user.
#include <pthread.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <uv.h>

// glibc hides the following behind _GNU_SOURCE, which a module map cannot set for the headers that
// Swift has compiled already.

int accept4(int, struct sockaddr *, socklen_t *, int);
int pthread_setname_np(pthread_t, const char *);

/// Accepts one connection: not blocking, and closed in programs that this process starts.
static inline int cuv_accept(int fd) {
  return accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/// Names the calling thread; the name holds at most 15 bytes.
static inline int cuv_name_thread(const char *name) {
  return pthread_setname_np(pthread_self(), name);
}

/// The kernel's `struct ucred`.
struct cuv_credentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};

/// Asks who was at the other end of a Unix socket when it connected; 0 or -1 with errno.
static inline int cuv_peer_credentials(int fd, struct cuv_credentials *peer) {
  socklen_t count = sizeof *peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &count);
}

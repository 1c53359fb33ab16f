#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Linux calls that Swift's Glibc module lacks, as plain functions.

// clock_gettime(2) as one number. Swift can't be relied on to read a timespec: which clang module it takes for the
// owner of its members depends on the files compiled together, and MemberImportVisibility refuses all but one.
static inline int64_t recover_clock_nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int recover_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// renameat2(2), with flags such as RENAME_EXCHANGE (2).
static inline int recover_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags) {
  return (int)syscall(SYS_renameat2, old_dir, old_path, new_dir, new_path, flags);
}

// pidfd_open(2): a descriptor that becomes readable when the process ends.
static inline int recover_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// pidfd_send_signal(2): a signal that can't reach a process which reused the pid.
static inline int recover_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
}

// memfd_create(2): a file without a name, in memory, gone with its last descriptor; closed in children.
static inline int recover_memfd(const char *name) { return (int)syscall(SYS_memfd_create, name, 1u); }

// prctl(2) is variadic, which Swift does not import. At most 15 bytes of the name are kept.
static inline void recover_name_thread(const uint8_t *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// What recover_spawn_gated starts. Descriptors are above 3 and close-on-exec.
struct recover_spawn_request {
  const char *path;            // the program, not looked up in PATH
  char *const *arguments;      // ends in NULL
  char *const *shell_arguments; // for a script without an interpreter line, as execvp(3) does; ends in NULL
  char *const *environment;    // ends in NULL
  const char *directory;       // NULL: the caller's
  int input, output, error;    // become 0, 1 and 2
  int gate;                    // a stream socket; see below
};

// What a child that could not start says over its gate.
struct recover_spawn_failure {
  int32_t stage;  // a RECOVER_SPAWN_ number
  int32_t error;  // errno
};
enum { RECOVER_SPAWN_DIRECTORY = 1, RECOVER_SPAWN_EXECUTE = 2 };

static inline void recover_spawn_fail(int32_t stage) {
  struct recover_spawn_failure failure = {stage, errno};
  ssize_t written = write(3, &failure, sizeof failure);
  (void)written;
  _exit(127);
}

// Only async-signal-safe calls: the caller may have threads (fork(2)).
static inline void recover_spawn_child(const struct recover_spawn_request *request) {
  if (dup2(request->input, 0) < 0 || dup2(request->output, 1) < 0 || dup2(request->error, 2) < 0
      || dup2(request->gate, 3) < 0) _exit(127);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  // The other children's gates above all: one that stayed open here would outlive the caller's death.
  if (syscall(SYS_close_range, 4u, ~0u, 0u) < 0) {
    for (long descriptor = 4, end = sysconf(_SC_OPEN_MAX); descriptor < end; descriptor++) close((int)descriptor);
  }
  if (setsid() < 0 || write(3, "r", 1) != 1) _exit(127);
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (request->directory && chdir(request->directory) < 0) recover_spawn_fail(RECOVER_SPAWN_DIRECTORY);
  char go;
  ssize_t count;
  do count = read(3, &go, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1) _exit(125);
  execve(request->path, request->arguments, request->environment);
  if (errno == ENOEXEC) execve("/bin/sh", request->shell_arguments, request->environment);
  recover_spawn_fail(RECOVER_SPAWN_EXECUTE);
}

// Starts a child in a session of its own that waits at its gate: it writes one byte to the socket `gate` once
// it leads its session, then reads one byte from it before it executes the program, and exits with 125 when
// the socket ends instead, which it also does when the caller dies. A child that can't start writes a
// recover_spawn_failure; one that executes its program closes the socket. Returns the child's pid, or -1
// with errno.
static inline pid_t recover_spawn_gated(const struct recover_spawn_request *request) {
  // No handler of the caller may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  if (pid == 0) recover_spawn_child(request);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return pid;
}

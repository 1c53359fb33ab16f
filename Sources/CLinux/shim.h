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

// prctl(2) is variadic, which Swift does not import. At most 15 bytes of the name are kept.
static inline void recover_name_thread(const uint8_t *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

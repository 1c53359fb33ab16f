#pragma once
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
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

// openat2(2): opens a path that the kernel confines by `resolve`, a sum of RESOLVE_ numbers of <linux/openat2.h>.
static inline int recover_openat2(int directory, const char *path, int flags, unsigned mode, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)(unsigned)flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// What fstatat(2) says of a file, without the timespec and the device numbers that Swift can't take apart.
struct recover_status {
  uint64_t device, inode, links, blocks;
  int64_t size, modified_seconds, modified_nanoseconds;
  uint32_t mode, user, group, major, minor;
};

static inline int recover_status_at(int directory, const char *path, int flags, struct recover_status *result) {
  struct stat status;
  if (fstatat(directory, path, &status, flags) < 0) return -1;
  *result = (struct recover_status){
    .device = status.st_dev, .inode = status.st_ino, .links = status.st_nlink, .blocks = (uint64_t)status.st_blocks,
    .size = status.st_size, .modified_seconds = status.st_mtim.tv_sec, .modified_nanoseconds = status.st_mtim.tv_nsec,
    .mode = status.st_mode, .user = status.st_uid, .group = status.st_gid,
    .major = major(status.st_rdev), .minor = minor(status.st_rdev)};
  return 0;
}

// utimensat(2); `path` may be NULL, which means the file of the descriptor. Without an access time that one stays.
static inline int recover_set_times(
  int descriptor, const char *path, int flags, int has_accessed, int64_t accessed, long accessed_nanoseconds,
  int64_t modified, long modified_nanoseconds
) {
  struct timespec times[2] = {
    {.tv_sec = accessed, .tv_nsec = has_accessed ? accessed_nanoseconds : UTIME_OMIT},
    {.tv_sec = modified, .tv_nsec = modified_nanoseconds}};
  return (int)syscall(SYS_utimensat, descriptor, path, times, flags);
}

// mknodat(2) with a device number in two parts, and an umask that doesn't matter: the caller sets the mode afterwards.
static inline int recover_make_node(int directory, const char *name, unsigned mode, uint32_t major, uint32_t minor) {
  return mknodat(directory, name, mode, makedev(major, minor));
}

// chmod(2) of what an O_PATH descriptor stands for, which fchmod(2) refuses.
static inline int recover_chmod_path_descriptor(int descriptor, unsigned mode) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return chmod(path, mode);
}

// What is free on the file system of a descriptor, for us: bytes and inodes (fstatvfs(3)).
static inline int recover_room(int descriptor, int64_t *bytes, int64_t *inodes) {
  struct statvfs room;
  if (fstatvfs(descriptor, &room) < 0) return -1;
  *bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
  *inodes = (int64_t)room.f_favail;
  return 0;
}

// syncfs(2).
static inline int recover_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

// The mount that a path is seen in (statx(2)); a link is not followed.
static inline int recover_mount_id(const char *path, uint64_t *id) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0) return -1;
  *id = status.stx_mnt_id;
  return 0;
}

// When a file was made, in nanoseconds (statx(2)); a link is not followed. -1 where nobody knows.
static inline int recover_birth(const char *path, int64_t *nanoseconds) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BTIME, &status) < 0) return -1;
  if (!(status.stx_mask & STATX_BTIME)) return -1;
  *nanoseconds = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
  return 0;
}

// The name in an entry of a directory, which Swift sees as a tuple.
static inline const char *recover_entry_name(const struct dirent *entry) { return entry->d_name; }

// The number of a user or a group by its name (getpwnam_r(3), getgrnam_r(3)): 0, ERANGE when the buffer is too small, or
// another number when nobody has the name.
static inline int recover_account_number(
  const char *name, int is_group, char *buffer, size_t size, uint32_t *number
) {
  if (is_group) {
    struct group entry, *found = NULL;
    int code = getgrnam_r(name, &entry, buffer, size, &found);
    if (found) *number = entry.gr_gid;
    return found ? 0 : code == ERANGE ? ERANGE : ENOENT;
  }
  struct passwd entry, *found = NULL;
  int code = getpwnam_r(name, &entry, buffer, size, &found);
  if (found) *number = entry.pw_uid;
  return found ? 0 : code == ERANGE ? ERANGE : ENOENT;
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

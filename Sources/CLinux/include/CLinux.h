#pragma once
#include <stddef.h>
#include <stdint.h>

// Linux calls that Swift's Glibc module lacks, as plain functions; each sets errno as its manual page says.
//
// No header of the C library that says anything of its own types may be included here. Swift builds its Glibc module
// without _GNU_SOURCE, so one type could be met with two meanings (fd_set, timespec), and the compiler would refuse
// whichever it reads second, which depends on the files compiled together: a fresh clone fails, an old build does not.

// clock_gettime(2) as one number. Swift can't be relied on to read a timespec: which clang module it takes for the
// owner of its members depends on the files compiled together, and MemberImportVisibility refuses all but one.
int64_t recover_clock_nanoseconds(int clock);

// Numbers that <fcntl.h> has under _GNU_SOURCE only: O_PATH and AT_EMPTY_PATH.
extern const int recover_path_only, recover_empty_path;

// renameat2(2), with flags such as RENAME_EXCHANGE (2).
int recover_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags);

// openat2(2): opens a path that the kernel confines by `resolve`, a sum of RESOLVE_ numbers of <linux/openat2.h>.
int recover_openat2(int directory, const char *path, int flags, unsigned mode, uint64_t resolve);

// What fstatat(2) says of a file, without the timespec and the device numbers that Swift can't take apart.
struct recover_status {
  uint64_t device, inode, links, blocks;
  int64_t size, modified_seconds, modified_nanoseconds, changed_seconds, changed_nanoseconds;
  uint32_t mode, user, group, major, minor;
};

int recover_status_at(int directory, const char *path, int flags, struct recover_status *result);

// utimensat(2); `path` may be NULL, which means the file of the descriptor. Without an access time that one stays.
int recover_set_times(
  int descriptor, const char *path, int flags, int has_accessed, int64_t accessed, long accessed_nanoseconds,
  int64_t modified, long modified_nanoseconds
);

// mknodat(2) with a device number in two parts, and an umask that doesn't matter: the caller sets the mode afterwards.
int recover_make_node(int directory, const char *name, unsigned mode, uint32_t major, uint32_t minor);

// chmod(2) of what an O_PATH descriptor stands for, which fchmod(2) refuses.
int recover_chmod_path_descriptor(int descriptor, unsigned mode);

// What is free on the file system of a descriptor, for us: bytes and inodes (fstatvfs(3)).
int recover_room(int descriptor, int64_t *bytes, int64_t *inodes);

// The same with what is used, so that both together are what an ordinary user can use.
int recover_usage(
  int descriptor, int64_t *used_bytes, int64_t *free_bytes, int64_t *used_inodes, int64_t *free_inodes);

// syncfs(2).
int recover_syncfs(int descriptor);

// The mount that a path is seen in (statx(2)); a link is not followed.
int recover_mount_id(const char *path, uint64_t *id);

// When a file was made, in nanoseconds (statx(2)); a link is not followed. -1 where nobody knows.
int recover_birth(const char *path, int64_t *nanoseconds);

// ioctl_ficlone(2): the target's content becomes that of the source, and shares its blocks.
int recover_clone(int target, int source);

// The name in an entry of a directory, which Swift sees as a tuple.
const char *recover_entry_name(const void *entry);

// memfd_create(2): a file without a name, in memory, gone with its last descriptor; closed in children.
int recover_memfd(const char *name);

// fgetxattr(2), flistxattr(2), fsetxattr(2) and fremovexattr(2).
long recover_get_attribute(int descriptor, const char *name, void *value, size_t size);
long recover_list_attributes(int descriptor, char *names, size_t size);
int recover_set_attribute(int descriptor, const char *name, const void *value, size_t size);
int recover_remove_attribute(int descriptor, const char *name);

// The number of a user or a group by its name (getpwnam_r(3), getgrnam_r(3)): 0, ERANGE when the buffer is too small, or
// another number when nobody has the name.
int recover_account_number(const char *name, int is_group, char *buffer, size_t size, uint32_t *number);

// The name of a user or a group by its number (getpwuid_r(3), getgrgid_r(3)), ended by a NUL: 0, ERANGE when the buffer is
// too small, or another number when nobody has it.
int recover_account_name(uint32_t number, int is_group, char *buffer, size_t size, const char **name);

// eventfd(2), closed in children, never waiting.
int recover_eventfd(void);

// pidfd_open(2): a descriptor that becomes readable when the process ends.
int recover_pidfd_open(int pid);

// pidfd_send_signal(2): a signal that can't reach a process which reused the pid.
int recover_pidfd_send_signal(int pidfd, int signal);

// prctl(2) is variadic, which Swift does not import. At most 15 bytes of the name are kept.
void recover_name_thread(const uint8_t *name);

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

// Starts a child in a session of its own that waits at its gate: it writes one byte to the socket `gate` once
// it leads its session, then reads one byte from it before it executes the program, and exits with 125 when
// the socket ends instead, which it also does when the caller dies. A child that can't start writes a
// recover_spawn_failure; one that executes its program closes the socket. Returns the child's pid, or -1
// with errno.
int recover_spawn_gated(const struct recover_spawn_request *request);

// pipe2(2) with O_CLOEXEC.
int recover_pipe(int ends[2]);

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CLinux.h"

const int recover_path_only = O_PATH;
const int recover_empty_path = AT_EMPTY_PATH;

int recover_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags) {
  return (int)syscall(SYS_renameat2, old_dir, old_path, new_dir, new_path, flags);
}

int recover_openat2(int directory, const char *path, int flags, unsigned mode, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)(unsigned)flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int recover_status_at(int directory, const char *path, int flags, struct recover_status *result) {
  struct stat status;
  if (fstatat(directory, path, &status, flags) < 0) return -1;
  *result = (struct recover_status){
    .device = status.st_dev, .inode = status.st_ino, .links = status.st_nlink, .blocks = (uint64_t)status.st_blocks,
    .size = status.st_size, .modified_seconds = status.st_mtim.tv_sec, .modified_nanoseconds = status.st_mtim.tv_nsec,
    .changed_seconds = status.st_ctim.tv_sec, .changed_nanoseconds = status.st_ctim.tv_nsec,
    .mode = status.st_mode, .user = status.st_uid, .group = status.st_gid,
    .major = major(status.st_rdev), .minor = minor(status.st_rdev)};
  return 0;
}

int recover_set_times(
  int descriptor, const char *path, int flags, int has_accessed, int64_t accessed, long accessed_nanoseconds,
  int64_t modified, long modified_nanoseconds
) {
  struct timespec times[2] = {
    {.tv_sec = accessed, .tv_nsec = has_accessed ? accessed_nanoseconds : UTIME_OMIT},
    {.tv_sec = modified, .tv_nsec = modified_nanoseconds}};
  return (int)syscall(SYS_utimensat, descriptor, path, times, flags);
}

int recover_make_node(int directory, const char *name, unsigned mode, uint32_t major, uint32_t minor) {
  return mknodat(directory, name, mode, makedev(major, minor));
}

int recover_chmod_path_descriptor(int descriptor, unsigned mode) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return chmod(path, mode);
}

int recover_room(int descriptor, int64_t *bytes, int64_t *inodes) {
  struct statvfs room;
  if (fstatvfs(descriptor, &room) < 0) return -1;
  *bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
  *inodes = (int64_t)room.f_favail;
  return 0;
}

int recover_usage(
  int descriptor, int64_t *used_bytes, int64_t *free_bytes, int64_t *used_inodes, int64_t *free_inodes
) {
  struct statvfs room;
  if (fstatvfs(descriptor, &room) < 0) return -1;
  *used_bytes = (int64_t)(room.f_blocks - room.f_bfree) * (int64_t)room.f_frsize;
  *free_bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
  *used_inodes = (int64_t)(room.f_files - room.f_ffree);
  *free_inodes = (int64_t)room.f_favail;
  return 0;
}

int recover_clone(int target, int source) { return ioctl(target, FICLONE, source); }

int recover_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

int recover_mount_id(const char *path, uint64_t *id) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0) return -1;
  *id = status.stx_mnt_id;
  return 0;
}

int recover_birth(const char *path, int64_t *nanoseconds) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BTIME, &status) < 0) return -1;
  if (!(status.stx_mask & STATX_BTIME)) return -1;
  *nanoseconds = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
  return 0;
}

const char *recover_entry_name(const void *entry) { return ((const struct dirent *)entry)->d_name; }

int recover_memfd(const char *name) { return (int)syscall(SYS_memfd_create, name, 1u); }

long recover_get_attribute(int descriptor, const char *name, void *value, size_t size) {
  return fgetxattr(descriptor, name, value, size);
}

long recover_list_attributes(int descriptor, char *names, size_t size) {
  return flistxattr(descriptor, names, size);
}

int recover_set_attribute(int descriptor, const char *name, const void *value, size_t size) {
  return fsetxattr(descriptor, name, value, size, 0);
}

int recover_remove_attribute(int descriptor, const char *name) { return fremovexattr(descriptor, name); }

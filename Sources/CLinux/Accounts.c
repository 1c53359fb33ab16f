#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "CLinux.h"

int recover_account_number(const char *name, int is_group, char *buffer, size_t size, uint32_t *number) {
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

int recover_account_name(uint32_t number, int is_group, char *buffer, size_t size, const char **name) {
  if (is_group) {
    struct group entry, *found = NULL;
    int code = getgrgid_r(number, &entry, buffer, size, &found);
    if (found) *name = entry.gr_name;
    return found ? 0 : code == ERANGE ? ERANGE : ENOENT;
  }
  struct passwd entry, *found = NULL;
  int code = getpwuid_r(number, &entry, buffer, size, &found);
  if (found) *name = entry.pw_name;
  return found ? 0 : code == ERANGE ? ERANGE : ENOENT;
}

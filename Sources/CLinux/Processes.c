#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLinux.h"

int recover_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int recover_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int recover_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
}

void recover_name_thread(const uint8_t *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static void recover_spawn_fail(int32_t stage) {
  struct recover_spawn_failure failure = {stage, errno};
  ssize_t written = write(3, &failure, sizeof failure);
  (void)written;
  _exit(127);
}

// Only async-signal-safe calls: the caller may have threads (fork(2)).
static void recover_spawn_child(const struct recover_spawn_request *request) {
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

int recover_spawn_gated(const struct recover_spawn_request *request) {
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

int recover_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

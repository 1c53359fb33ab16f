#define _GNU_SOURCE
#include <time.h>

#include "CLinux.h"

int64_t recover_clock_nanoseconds(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

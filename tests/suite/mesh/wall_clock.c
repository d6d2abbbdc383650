/* The wall clock of a process is moved by as many seconds as the file $WALL_CLOCK_AHEAD says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {
  const char *path = getenv("WALL_CLOCK_AHEAD");
  char digits[32] = {0};
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0)
    return 0;
  ssize_t length = read(file, digits, sizeof digits - 1);
  close(file);
  return length > 0 ? atol(digits) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME)
    now->tv_sec += ahead();
  return result;
}

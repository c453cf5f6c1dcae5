/* errno.c -- the number of the last error. Tasks share it: read it before a task waits. */
#include <errno.h>

int leat_libc_errno;

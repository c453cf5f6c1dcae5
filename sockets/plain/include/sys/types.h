/* sys/types.h -- types of POSIX, for images: by leat's sockets. */
#ifndef PLAIN_SYS_TYPES_H
#define PLAIN_SYS_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef intptr_t ssize_t;
typedef long off_t;
typedef int pid_t;
typedef unsigned uid_t;
typedef unsigned gid_t;
typedef unsigned mode_t;
typedef long suseconds_t;
typedef unsigned useconds_t;

#endif

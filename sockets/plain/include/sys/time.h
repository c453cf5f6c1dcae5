/* sys/time.h -- times, for images: by leat's sockets. */
#ifndef PLAIN_SYS_TIME_H
#define PLAIN_SYS_TIME_H

#include <sys/types.h>

struct timeval {
    time_t tv_sec;
    suseconds_t tv_usec;
};

#endif

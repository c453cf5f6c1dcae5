/* here.h -- the sockets that plain names use, and results in the form of POSIX. */
#ifndef SOCKETS_PLAIN_HERE_H
#define SOCKETS_PLAIN_HERE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/sockets.h>

/* The sockets given to leat_plain_use(); there are some, or the program has called too early. */
struct leat_sockets *plain_here(void);

/* True for the number of one of their descriptors. */
bool plain_is_ours(int fd);

/* @result, or -1 with its negative in errno. */
intptr_t plain_result(intptr_t result);

#endif

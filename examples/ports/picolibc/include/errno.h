/* errno.h -- the numbers of leat's C library, which are Linux's, for a program and for leat's
 * sockets alike. */
#ifndef PORT_ERRNO_H
#define PORT_ERRNO_H

#include "../../../../main/libc/include/errno.h"

#endif

/* sys/select.h -- waiting for several, for images: by leat's sockets. */
#ifndef PLAIN_SYS_SELECT_H
#define PLAIN_SYS_SELECT_H

#include <leat/sockets_numbers.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FD_SETSIZE 1024

typedef struct {
    unsigned long fds_bits[FD_SETSIZE / (8 * sizeof(unsigned long))];
} fd_set;

#define PLAIN_FD_WORD(fd, set) ((set)->fds_bits[(fd) / (8 * (int)sizeof(unsigned long))])
#define PLAIN_FD_BIT(fd)       (1ul << ((fd) % (8 * (int)sizeof(unsigned long))))
#define FD_SET(fd, set)        ((void)(PLAIN_FD_WORD(fd, set) |= PLAIN_FD_BIT(fd)))
#define FD_CLR(fd, set)        ((void)(PLAIN_FD_WORD(fd, set) &= ~PLAIN_FD_BIT(fd)))
#define FD_ISSET(fd, set)      ((PLAIN_FD_WORD(fd, set) & PLAIN_FD_BIT(fd)) != 0)
#define FD_ZERO(set)           ((void)(*(set) = (fd_set){{0}}))

int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
           struct timeval *timeout) __asm__("leat_plain_select");

#ifdef __cplusplus
}
#endif

#endif

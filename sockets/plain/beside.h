/* beside.h -- descriptors that are none of leat's: the C library's files, or an image's console. */
#ifndef SOCKETS_PLAIN_BESIDE_H
#define SOCKETS_PLAIN_BESIDE_H

#include <sys/types.h>
#include <sys/uio.h>

struct leat_platform;

/* Before all others. */
void beside_use(struct leat_platform *platform);

/* The platform that beside_use() was given; in images only. */
struct leat_platform *beside_platform(void);

int beside_close(int fd);
int beside_dup(int fd);
int beside_dup2(int fd, int to);
int beside_fcntl(int fd, int command, void *arg);
int beside_ioctl(int fd, unsigned long request, void *arg);
ssize_t beside_read(int fd, void *bytes, size_t len);
ssize_t beside_write(int fd, const void *bytes, size_t len);
ssize_t beside_readv(int fd, const struct iovec *parts, int count);
ssize_t beside_writev(int fd, const struct iovec *parts, int count);

#endif

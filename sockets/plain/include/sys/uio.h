/* sys/uio.h -- parts of messages, for images: by leat's sockets. */
#ifndef PLAIN_SYS_UIO_H
#define PLAIN_SYS_UIO_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IOV_MAX 1024

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t readv(int fd, const struct iovec *parts, int count) __asm__("leat_plain_readv");
ssize_t writev(int fd, const struct iovec *parts, int count) __asm__("leat_plain_writev");

#ifdef __cplusplus
}
#endif

#endif

/* sys/ioctl.h -- requests, for images: by leat's sockets. */
#ifndef PLAIN_SYS_IOCTL_H
#define PLAIN_SYS_IOCTL_H

#include <leat/sockets_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FIONREAD LEAT_FIONREAD
#define FIONBIO  LEAT_FIONBIO

int ioctl(int fd, unsigned long request, ...) __asm__("leat_plain_ioctl");

#ifdef __cplusplus
}
#endif

#endif

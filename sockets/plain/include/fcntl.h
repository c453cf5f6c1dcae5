/* fcntl.h -- flags of descriptors, for images: by leat's sockets. */
#ifndef PLAIN_FCNTL_H
#define PLAIN_FCNTL_H

#include <leat/sockets_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define F_DUPFD         LEAT_F_DUPFD
#define F_DUPFD_CLOEXEC LEAT_F_DUPFD_CLOEXEC
#define F_GETFD         LEAT_F_GETFD
#define F_SETFD         LEAT_F_SETFD
#define F_GETFL         LEAT_F_GETFL
#define F_SETFL         LEAT_F_SETFL
#define FD_CLOEXEC      LEAT_FD_CLOEXEC
#define O_RDONLY        0
#define O_WRONLY        1
#define O_RDWR          LEAT_O_RDWR
#define O_NONBLOCK      LEAT_O_NONBLOCK

int fcntl(int fd, int command, ...) __asm__("leat_plain_fcntl");

#ifdef __cplusplus
}
#endif

#endif

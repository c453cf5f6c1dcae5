/* unistd.h -- descriptors, for images: by leat's sockets. */
#ifndef PLAIN_UNISTD_H
#define PLAIN_UNISTD_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

int close(int fd) __asm__("leat_plain_close");
int dup(int fd) __asm__("leat_plain_dup");
int dup2(int fd, int to) __asm__("leat_plain_dup2");
ssize_t read(int fd, void *bytes, size_t len) __asm__("leat_plain_read");
ssize_t write(int fd, const void *bytes, size_t len) __asm__("leat_plain_write");
unsigned sleep(unsigned seconds) __asm__("leat_plain_sleep");
int usleep(useconds_t microseconds) __asm__("leat_plain_usleep");

#ifdef __cplusplus
}
#endif

#endif

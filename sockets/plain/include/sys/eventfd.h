/* sys/eventfd.h -- counters that wake, for images: by leat's sockets. */
#ifndef PLAIN_SYS_EVENTFD_H
#define PLAIN_SYS_EVENTFD_H

#include <leat/sockets_numbers.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EFD_SEMAPHORE LEAT_EFD_SEMAPHORE
#define EFD_NONBLOCK  LEAT_SOCK_NONBLOCK
#define EFD_CLOEXEC   LEAT_SOCK_CLOEXEC

int eventfd(unsigned count, int flags) __asm__("leat_plain_eventfd");

#ifdef __cplusplus
}
#endif

#endif

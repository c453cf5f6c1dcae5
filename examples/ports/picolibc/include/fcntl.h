/* fcntl.h -- picolibc's, but for the flags that sockets have, which are Linux's. */
#ifndef PORT_FCNTL_H
#define PORT_FCNTL_H

#include_next <fcntl.h>
#undef O_NONBLOCK
#define O_NONBLOCK 0x800
#undef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 1030

#endif

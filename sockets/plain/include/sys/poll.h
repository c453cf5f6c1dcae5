/* sys/poll.h -- waiting for several, for images: by leat's sockets. */
#ifndef PLAIN_SYS_POLL_H
#define PLAIN_SYS_POLL_H

#include <poll.h>

#endif

/* posix_notify.h -- tells systemd how the program does: sd_notify(3), without its library. */
#ifndef POSIX_NOTIFY_H
#define POSIX_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct posix_notify {
    int fd;               /* -1: systemd asks for nothing, or it was not opened */
    uint64_t interval_ns; /* between signs of life; 0: none are asked for */
    uint64_t next_ns;     /* the next one */
    bool told_ready, told_ending;
};

/* Connects to NOTIFY_SOCKET, if that is set, and reads WATCHDOG_USEC.  A socket that can't be
 * reached is as none: systemd then ends the start. */
void posix_notify_open(struct posix_notify *notify);

/* Call it before each wait of the loop: tells once that the program is ready, once that it ends,
 * and in between that the loop runs.  Returns when to call it again at the latest. */
uint64_t posix_notify_tell(struct posix_notify *notify, uint64_t now_ns, bool ready, bool ending);

/* Tells that files are read again (@begins), and that this is over. */
void posix_notify_reload(struct posix_notify *notify, uint64_t now_ns, bool begins);

void posix_notify_close(struct posix_notify *notify);

#endif

/*
 * posix_link.h -- whether the link of a network device of Linux is up: rtnetlink(7) tells each
 * change.
 *
 * Nothing waits for that, and no system call is made for each poll: the kernel's messages wake the
 * host, and are read at most once in ten milliseconds.
 */
#ifndef POSIX_LINK_H
#define POSIX_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/posix.h>

struct posix_link {
    struct leat_posix *posix; /* NULL: closed */
    int fd;
    int index; /* of the device */
    bool is_down;
    bool told_down; /* the last news */
    uint64_t look_ns;
};

/* Asks for the state of @device and for its changes. If the kernel refuses, there is no news. */
void posix_link_open(struct posix_link *link, struct leat_posix *posix, const char *device);

/* A line if the link went down or came up since the last call, otherwise NULL. */
const char *posix_link_news(struct posix_link *link, uint64_t now_ns);

void posix_link_close(struct posix_link *link);

#endif

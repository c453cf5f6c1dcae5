/* posix_link.c -- see posix_link.h. */
#include "posix_link.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MESSAGE_BYTES = 16384, /* the kernel's own buffers for a dump are smaller */
    MESSAGES_MAX = 64,     /* at a time; the rest waits */
    LOWER_UP = 1 << 16,    /* IFF_LOWER_UP, which <net/if.h> lacks */
    UP = IFF_UP | LOWER_UP /* it was brought up, and has a carrier */
};

static const uint64_t look_every_ns = 10000000;

/* Asks for the state, which comes as a change does. */
static void ask(const struct posix_link *link)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg about;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = RTM_GETLINK,
                           .nlmsg_flags = NLM_F_REQUEST},
                  .about = {.ifi_family = AF_UNSPEC, .ifi_index = link->index}};

    (void)send(link->fd, &question, sizeof question, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void posix_link_open(struct posix_link *link, struct leat_posix *posix, const char *device)
{
    const struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

    *link = (struct posix_link){.index = (int)if_nametoindex(device)};
    link->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (link->fd < 0)
        return;
    if (link->index == 0 || bind(link->fd, (const struct sockaddr *)&all, sizeof all) ||
        leat_posix_watch(posix, link->fd, true)) {
        close(link->fd);
        return;
    }
    link->posix = posix;
    ask(link);
}

/* Reads the messages in @bytes about our device. */
static void take(struct posix_link *link, void *bytes, size_t len)
{
    struct nlmsghdr *head = bytes;

    for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
        const struct ifinfomsg *about = NLMSG_DATA(head);

        if (head->nlmsg_type == RTM_NEWLINK && head->nlmsg_len >= NLMSG_LENGTH(sizeof *about) &&
            about->ifi_index == link->index)
            link->is_down = (about->ifi_flags & UP) != UP;
    }
}

const char *posix_link_news(struct posix_link *link, uint64_t now_ns)
{
    static _Alignas(struct nlmsghdr) char bytes[MESSAGE_BYTES];

    if (!link->posix || now_ns < link->look_ns)
        return NULL;
    link->look_ns = now_ns + look_every_ns;
    for (unsigned i = 0; i < MESSAGES_MAX; i++) {
        const ssize_t got = recv(link->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (got > 0)
            take(link, bytes, (size_t)got);
        else if (got < 0 && errno == ENOBUFS) /* messages were lost */
            ask(link);
        else
            break;
    }
    if (link->is_down == link->told_down)
        return NULL;
    link->told_down = link->is_down;
    return link->is_down ? "the link is down" : "the link is up";
}

void posix_link_close(struct posix_link *link)
{
    if (!link->posix)
        return;
    leat_posix_unwatch(link->posix, link->fd);
    close(link->fd);
    link->posix = NULL;
}

/*
 * differential_options.c -- the calls of differential.c on options, numbers and pieces.
 */
#include "differential.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* Options that both have, or that neither has. Their values are numbers. */
struct option {
    int level, name;
    bool stream_only, may_differ; /* the value, not the result */
};

static const struct option options[] = {{SOL_SOCKET, SO_REUSEADDR, false, false},
                                        {SOL_SOCKET, SO_REUSEPORT, false, false},
                                        {SOL_SOCKET, SO_KEEPALIVE, false, false},
                                        {SOL_SOCKET, SO_BROADCAST, false, false},
                                        {SOL_SOCKET, SO_OOBINLINE, false, false},
                                        {SOL_SOCKET, SO_TYPE, false, false},
                                        {SOL_SOCKET, SO_DOMAIN, false, false},
                                        {SOL_SOCKET, SO_PROTOCOL, false, false},
                                        {SOL_SOCKET, SO_ACCEPTCONN, false, false},
                                        {SOL_SOCKET, SO_SNDBUF, false, true},
                                        {SOL_SOCKET, SO_RCVBUF, false, true},
                                        {SOL_SOCKET, SO_SNDLOWAT, false, false},
                                        {SOL_SOCKET, SO_LINGER, false, false},
                                        {SOL_SOCKET, SO_RCVTIMEO, false, false},
                                        {SOL_SOCKET, 999, false, false},
                                        {IPPROTO_TCP, TCP_NODELAY, true, false},
                                        {IPPROTO_TCP, TCP_USER_TIMEOUT, true, false},
                                        {IPPROTO_TCP, 999, true, false},
                                        {IPPROTO_IP, IP_TOS, false, false},
                                        {IPPROTO_IP, 999, false, false},
                                        {IPPROTO_IPV6, IPV6_V6ONLY, false, false},
                                        {999, 1, false, false}};

static const struct option *any_option(unsigned i)
{
    const struct option *option = &options[below(sizeof options / sizeof *options)];

    return option->stream_only && !handles[i].is_stream ? &options[0] : option;
}

/* Values outside of a byte's range, and lengths that are too short for a number. */
bool set_one(struct net *net, unsigned i)
{
    static const int values[] = {0, 1, 2, 16, 255, 256, -1, 100000};
    const struct option *option = any_option(i);
    int numbers[4] = {values[below(8)], values[below(8)], 0, 0};
    const unsigned len = below(4) ? 4 * (1 + below(4)) : below(4);

    if (option->name == SO_REUSEPORT || option->name == SO_REUSEADDR)
        return true; /* which sockets share a port then differs */
    if (option->name == SO_LINGER)
        numbers[1] = 0; /* close() doesn't wait */
    note("setsockopt", i, option->level * 1000 + option->name, numbers[0] * 100 + (long)len);
    return compare(
        "setsockopt",
        leat_bsd_setsockopt(net->sockets[CLIENT], handles[i].leat, option->level, option->name,
                            numbers, len),
        or_errno(setsockopt(handles[i].linux_fd, option->level, option->name, numbers, len)));
}

bool get_one(struct net *net, unsigned i)
{
    const struct option *option = any_option(i);
    int ours[4] = {0}, theirs[4] = {0};
    uint32_t len = below(18), len2 = len;
    intptr_t got, want;

    note("getsockopt", i, option->level * 1000 + option->name, (long)len);
    got = leat_bsd_getsockopt(net->sockets[CLIENT], handles[i].leat, option->level, option->name,
                              ours, &len);
    want = or_errno(getsockopt(handles[i].linux_fd, option->level, option->name, theirs, &len2));
    if (!compare("getsockopt", got, want) || !compare("getsockopt's length", len, len2))
        return false;
    return option->may_differ ||
           compare("getsockopt's value", memcmp(ours, theirs, sizeof ours), 0);
}

/* Another number for the same socket takes its place. */
bool dup_one(struct net *net, unsigned i)
{
    const int ours = leat_bsd_dup(net->sockets[CLIENT], handles[i].leat);
    const int theirs = dup(handles[i].linux_fd);

    note("dup", i, 0, 0);
    if (ours >= 0) {
        leat_bsd_close(net->sockets[CLIENT], handles[i].leat);
        handles[i].leat = ours;
    }
    if (theirs >= 0) {
        close(handles[i].linux_fd);
        handles[i].linux_fd = theirs;
    }
    return compare("dup", ours >= 0, theirs >= 0);
}

/* In up to four pieces, some of them empty. */
bool send_pieces(struct net *net, unsigned i)
{
    static char bytes[BYTES];
    struct iovec pieces[4];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = below(5)};
    long sum = 0;

    for (unsigned at = 0; at < BYTES; at++)
        bytes[at] = (char)below(256);
    for (unsigned at = 0; at < message.msg_iovlen; at++) {
        pieces[at] = (struct iovec){bytes + at, below(3) ? below(BYTES - 4) : 0};
        sum += (long)pieces[at].iov_len;
    }
    note("sendmsg", i, (long)message.msg_iovlen, sum);
    return compare("sendmsg",
                   leat_bsd_sendmsg(net->sockets[CLIENT], handles[i].leat, (const void *)&message,
                                    MSG_NOSIGNAL),
                   or_errno(sendmsg(handles[i].linux_fd, &message, MSG_NOSIGNAL)));
}

bool receive_pieces(struct net *net, unsigned i)
{
    static const int flags[] = {0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL};
    const int flag = flags[below(4)];
    const size_t count = below(4), first = below(BYTES), last = below(BYTES);
    char ours[2 * BYTES] = "", theirs[2 * BYTES] = "";
    struct sockaddr_in from[2] = {{0}, {0}};
    struct iovec pieces[2][3] = {{{ours, first}, {ours, 0}, {ours + first, last}},
                                 {{theirs, first}, {theirs, 0}, {theirs + first, last}}};
    struct msghdr messages[2];
    intptr_t got, want;

    for (unsigned at = 0; at < 2; at++)
        messages[at] = (struct msghdr){.msg_name = &from[at],
                                       .msg_namelen = sizeof from[at],
                                       .msg_iov = pieces[at],
                                       .msg_iovlen = count};
    note("recvmsg", i, (long)(first + last), flag);
    got = leat_bsd_recvmsg(net->sockets[CLIENT], handles[i].leat, (void *)&messages[0], flag);
    want = or_errno(recvmsg(handles[i].linux_fd, &messages[1], flag));
    return compare("recvmsg", got, want) &&
           compare("recvmsg's bytes", memcmp(ours, theirs, sizeof ours), 0) &&
           (got < 0 || (compare("recvmsg's flags", messages[0].msg_flags, messages[1].msg_flags) &&
                        compare("recvmsg's length of the name", messages[0].msg_namelen,
                                messages[1].msg_namelen)));
}

bool count_one(struct net *net, unsigned i)
{
    int ours = 0, theirs = 0;
    intptr_t got, want;

    note("FIONREAD", i, 0, 0);
    got = leat_bsd_ioctl(net->sockets[CLIENT], handles[i].leat, FIONREAD, &ours);
    want = or_errno(ioctl(handles[i].linux_fd, FIONREAD, &theirs));
    return compare("FIONREAD", got, want) && compare("FIONREAD's bytes", ours, theirs);
}

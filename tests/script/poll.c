/* poll.c -- poll and epoll: the readiness of sockets. */
#include "sockets.h"

#include "loan.h"
#include "names.h"

static int64_t tcp_events(const struct sock *sock)
{
    int64_t events = 0;

    if (sock->listener)
        return sock->acceptable ? LINUX_POLLIN : 0;
    if (sock->error || loan_has_notice(sock))
        events |= LINUX_POLLERR;
    if (sock->ended || (!sock->conn && !sock->connecting))
        return events | LINUX_POLLHUP | LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDHUP;
    if (sock->connecting)
        return events;
    if (leat_tcp_at_end(sock->conn) || sock->shut_read)
        events |= LINUX_POLLIN | LINUX_POLLRDHUP | (sock->shut_write ? LINUX_POLLHUP : 0);
    if (leat_tcp_readable(sock->conn) > 0 || sock->peeked_bytes > 0)
        events |= LINUX_POLLIN;
    if (sock->shut_write || leat_tcp_send_room(sock->conn) > 0)
        events |= LINUX_POLLOUT;
    return events;
}

static int64_t events_of(const struct sock *sock)
{
    if (sock->kind == SOCK_TCP)
        return tcp_events(sock);
    return LINUX_POLLOUT | (sock->datagram_count > 0 ? LINUX_POLLIN : 0) |
           (sock->error ? LINUX_POLLERR : 0);
}

/* The first try of a blocking call sets its deadline. */
static void begin_to_wait(const struct sockets *sockets, struct calling *calling,
                          int64_t timeout_ms)
{
    if (calling->started)
        return;
    calling->started = true;
    calling->until_ns =
        timeout_ms < 0 ? LEAT_NEVER_NS : sockets->machine->now_ns + (uint64_t)timeout_ms * 1000000;
}

/* ---- poll --------------------------------------------------------------------------------- */

static int64_t revents_of(struct sockets *sockets, const struct value *entry)
{
    const struct value *fd = call_field(entry, "fd"), *events = call_field(entry, "events");
    const struct sock *sock = fd ? sockets_find(sockets, fd->integer) : 0;

    if (!sock)
        return 0x20; /* POLLNVAL */
    return events_of(sock) & ((events ? events->integer : 0) | LINUX_POLLERR | LINUX_POLLHUP);
}

static bool poll_returns(struct sockets *sockets, struct calling *calling, int64_t ready)
{
    for (const struct value *entry = call_arg(calling, 0)->first; entry; entry = entry->next) {
        const struct value *expected = call_field(entry, "revents");
        const int64_t seen = revents_of(sockets, entry);

        if (expected && expected->kind == VALUE_INT && expected->integer != seen)
            return call_complain(calling, "revents is 0x%llx, not 0x%llx", (unsigned long long)seen,
                                 (unsigned long long)expected->integer);
    }
    return call_returns(calling, ready);
}

bool call_poll(struct sockets *sockets, struct calling *calling)
{
    const struct value *fds = call_arg(calling, 0);
    const int64_t timeout_ms = call_arg(calling, 2)->integer;
    int64_t ready = 0;

    if (fds->kind != VALUE_ARRAY)
        return call_complain(calling, "poll() wants [{fd=..., events=..., revents=...}]");
    begin_to_wait(sockets, calling, timeout_ms);
    for (const struct value *entry = fds->first; entry; entry = entry->next)
        ready += revents_of(sockets, entry) != 0;
    if (ready == 0 && sockets->machine->now_ns < calling->until_ns)
        return false;
    return poll_returns(sockets, calling, ready);
}

/* ---- epoll -------------------------------------------------------------------------------- */

bool call_epoll_create(struct sockets *sockets, struct calling *calling)
{
    const struct sock *sock;

    if (calling->call->result < 0 || sockets_find(sockets, calling->call->result))
        return call_complain(calling, "the script's result is no free descriptor");
    sock = sockets_add(sockets, calling->call->result, SOCK_EPOLL);
    if (!sock)
        return call_complain(calling, "more than %d sockets", SOCKETS_MAX);
    return call_returns(calling, sock->fd);
}

static struct watch *find_watch(struct sockets *sockets, const struct sock *epoll,
                                const struct sock *sock)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        if (sockets->watches[i].epoll == epoll && sockets->watches[i].sock == sock)
            return &sockets->watches[i];
    }
    return 0;
}

void sockets_unwatch(struct sockets *sockets, const struct sock *sock)
{
    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        if (sockets->watches[i].epoll == sock || sockets->watches[i].sock == sock)
            sockets->watches[i] = (struct watch){0};
    }
}

bool call_epoll_ctl(struct sockets *sockets, struct calling *calling)
{
    const int64_t operation = call_arg(calling, 1)->integer;
    struct sock *epoll = calling->sock;
    struct sock *sock = sockets_find(sockets, call_arg(calling, 2)->integer);
    const struct value *events = call_field(call_arg(calling, 3), "events");
    struct watch *watch = sock ? find_watch(sockets, epoll, sock) : 0;

    if (!sock)
        return call_fails(calling, LINUX_EBADF);
    if (epoll->kind != SOCK_EPOLL || sock->kind == SOCK_EPOLL)
        return call_fails(calling, LINUX_EINVAL);
    if (operation == LINUX_EPOLL_CTL_ADD ? watch != 0 : !watch)
        return call_fails(calling, watch ? LINUX_EEXIST : LINUX_ENOENT);
    if (operation == LINUX_EPOLL_CTL_DEL) {
        *watch = (struct watch){0};
        return call_returns(calling, 0);
    }
    if (!events)
        return call_complain(calling, "epoll_ctl() wants {events=..., fd=...}");
    if (!watch)
        watch = find_watch(sockets, 0, 0);
    if (!watch)
        return call_complain(calling, "more than %d sockets are watched", SOCKETS_MAX);
    /* current readiness counts as a new event */
    *watch = (struct watch){
        .epoll = epoll, .sock = sock, .events = events->integer, .news = sock->news - 1};
    return call_returns(calling, 0);
}

/* 0: no event. */
static int64_t watched(const struct watch *watch)
{
    if (watch->is_spent)
        return 0;
    if ((watch->events & LINUX_EPOLLET) && watch->news == watch->sock->news)
        return 0;
    return events_of(watch->sock) & (watch->events | LINUX_POLLERR | LINUX_POLLHUP);
}

/* Compares a ready descriptor with the script's, if it has one; false: complains. */
static bool is_as_said(struct calling *calling, const struct value *said, const struct watch *watch)
{
    const struct value *events = said ? call_field(said, "events") : 0;
    const struct value *fd = said ? call_field(said, "fd") : 0;

    if (events && events->integer != watched(watch)) {
        call_complain(calling, "events is 0x%llx, not 0x%llx", (unsigned long long)watched(watch),
                      (unsigned long long)events->integer);
        return false;
    }
    if (fd && fd->integer != watch->sock->fd) {
        call_complain(calling, "it is of %lld, not %lld", (long long)watch->sock->fd,
                      (long long)fd->integer);
        return false;
    }
    return true;
}

/* `{events=..., fd=...}`, or several in `[]`, in the order in which they were added; or `...` */
bool call_epoll_wait(struct sockets *sockets, struct calling *calling)
{
    const struct value *said = call_arg(calling, 1);
    const int64_t most = call_arg(calling, 2)->integer;
    int64_t ready = 0;

    if (calling->sock->kind != SOCK_EPOLL || most < 1)
        return call_fails(calling, LINUX_EINVAL);
    begin_to_wait(sockets, calling, call_arg(calling, 3)->integer);
    if (said->kind == VALUE_ARRAY)
        said = said->first;
    for (unsigned i = 0; i < SOCKETS_MAX && ready < most; i++) {
        struct watch *watch = &sockets->watches[i];

        if (watch->epoll != calling->sock || !watched(watch))
            continue;
        if (!is_as_said(calling, said, watch))
            return true;
        said = said ? said->next : 0;
        if (call_arg(calling, 1)->kind != VALUE_ARRAY)
            said = 0; /* the rest of the list are the call's other arguments */
        watch->news = watch->sock->news;
        watch->is_spent = watch->events & LINUX_EPOLLONESHOT;
        ready++;
    }
    if (ready == 0 && sockets->machine->now_ns < calling->until_ns)
        return false;
    return call_returns(calling, ready);
}

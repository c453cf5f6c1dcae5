/*
 * ready.c -- what is ready; poll() and select().
 *
 * A call looks at all of its descriptors, marks their sockets, and waits in the list of pollers. A
 * socket that changes and has the mark takes it away, and wakes all of them; each looks again.
 */
#include "sockets/calls/inside.h"

enum {
    READ_EVENTS = LEAT_POLLIN | LEAT_POLLRDNORM,
    WRITE_EVENTS = LEAT_POLLOUT | LEAT_POLLWRNORM,
    ALWAYS = LEAT_POLLERR | LEAT_POLLHUP | LEAT_POLLNVAL,
    WORD_BITS = 8 * sizeof(unsigned long)
};

/* ---- what is ready -------------------------------------------------------------------------- */

/* The end of one direction or of both. An idle stream hangs up, as Linux's does. */
static unsigned stream_ends(const struct socket *socket)
{
    const bool at_end =
        (socket->shut & SHUT_READ) || socket->peer_closed || stream_is_at_end(socket);
    const bool has_ended = !socket->conn && socket->state != SOCKET_CONNECTING;
    unsigned events = at_end ? READ_EVENTS | LEAT_POLLRDHUP : 0u;

    if (has_ended || (at_end && (socket->shut & SHUT_WRITE)))
        events |= LEAT_POLLHUP;
    return socket->error ? events | LEAT_POLLERR : events;
}

/* Linux's tcp_poll(). */
static unsigned stream_ready(const struct socket *socket)
{
    unsigned events;

    if (socket->state == SOCKET_LISTENING)
        return socket->next || socket->is_short ? READ_EVENTS : 0;
    events = stream_ends(socket);
    if (socket->state == SOCKET_CONNECTING)
        return events;
    if (stream_readable(socket) > 0)
        events |= READ_EVENTS;
    if (!socket->conn || (socket->shut & SHUT_WRITE) || leat_tcp_send_room(socket->conn) > 0)
        events |= WRITE_EVENTS;
    return events;
}

static unsigned datagram_ready(const struct socket *socket)
{
    unsigned events = WRITE_EVENTS | LEAT_POLLWRBAND;

    if (socket->datagram_count > 0)
        events |= READ_EVENTS;
    if (socket->shut & SHUT_READ)
        events |= READ_EVENTS | LEAT_POLLRDHUP;
    if (socket->shut == SHUT_BOTH)
        events |= LEAT_POLLHUP;
    return socket->error ? events | LEAT_POLLERR : events;
}

/* All but an epoll, which watches none. */
static unsigned ready_now(const struct socket *socket)
{
    if (socket->kind == SOCKET_STREAM)
        return stream_ready(socket);
    if (socket->kind == SOCKET_DATAGRAM)
        return datagram_ready(socket);
    return (socket->count > 0 ? LEAT_POLLIN : 0u) |
           (socket->count < UINT64_MAX - 1 ? LEAT_POLLOUT : 0u);
}

static bool has_event(const struct socket *epoll)
{
    for (struct ring *node = epoll->changed.next; node != &epoll->changed; node = node->next) {
        const struct watch *watch = container_of(node, struct watch, changed);

        if (ready_now(watch->socket) & watch->events)
            return true;
    }
    return false;
}

unsigned socket_ready(const struct socket *socket)
{
    if (socket->kind == SOCKET_EPOLL)
        return has_event(socket) ? READ_EVENTS : 0u;
    return ready_now(socket);
}

/* The events of @fd, which is marked. */
static unsigned look(struct leat_sockets *sockets, int fd)
{
    struct socket *socket = socket_take(sockets, fd);
    unsigned events;

    if (!socket)
        return LEAT_POLLNVAL;
    events = socket_ready(socket);
    socket->is_polled = true;
    socket_give(socket);
    return events;
}

static uint64_t deadline_of(const struct leat_sockets *sockets, uint64_t ns)
{
    return ns == 0 ? 0 : service_now_ns(sockets->stack) + ns;
}

uint64_t timeout_deadline(const struct leat_sockets *sockets, int timeout_ms)
{
    return timeout_ms < 0 ? LEAT_NEVER_NS : deadline_of(sockets, (uint64_t)timeout_ms * 1000000);
}

/* ---- poll ----------------------------------------------------------------------------------- */

static int look_at_all(struct leat_sockets *sockets, struct leat_pollfd *fds, size_t count)
{
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        const unsigned wanted = (unsigned short)fds[i].events | ALWAYS;

        fds[i].revents = 0;
        if (fds[i].fd >= 0)
            fds[i].revents = (short)(look(sockets, fds[i].fd) & wanted);
        ready += fds[i].revents != 0;
    }
    return ready;
}

int leat_bsd_poll(struct leat_sockets *sockets, struct leat_pollfd *fds, size_t count,
                  int timeout_ms)
{
    const uint64_t deadline_ns = timeout_deadline(sockets, timeout_ms);
    int ready, error;

    if (count > sockets->config.first + sockets->config.descriptors)
        return -LEAT_EINVAL; /* POSIX: more than OPEN_MAX */
    for (;;) {
        ready = look_at_all(sockets, fds, count);
        if (ready > 0)
            return ready;
        error = sockets_wait(sockets, &sockets->pollers, deadline_ns);
        if (error)
            return error == -LEAT_EAGAIN ? 0 : error;
    }
}

/* ---- select --------------------------------------------------------------------------------- */

static bool has(const struct leat_fd_set *set, int fd)
{
    return set && (set->fds_bits[(unsigned)fd / WORD_BITS] >> (unsigned)fd % WORD_BITS & 1);
}

/* The three sets of a call; the answers are in other sets, as the call may look again. */
struct selection {
    struct leat_fd_set *asked[3];
    struct leat_fd_set ready[3];
};

/* Marks @fd in each set whose events it has. Returns how many, or -LEAT_EBADF. */
static int select_one(struct leat_sockets *sockets, struct selection *selection, int fd)
{
    static const unsigned events[3] = {READ_EVENTS | LEAT_POLLRDBAND | LEAT_POLLHUP | LEAT_POLLERR,
                                       WRITE_EVENTS | LEAT_POLLWRBAND | LEAT_POLLERR, LEAT_POLLPRI};
    unsigned found;
    int ready = 0;

    if (!has(selection->asked[0], fd) && !has(selection->asked[1], fd) &&
        !has(selection->asked[2], fd))
        return 0;
    found = look(sockets, fd);
    if (found & LEAT_POLLNVAL)
        return -LEAT_EBADF;
    for (int i = 0; i < 3; i++) {
        if (has(selection->asked[i], fd) && (found & events[i])) {
            selection->ready[i].fds_bits[(unsigned)fd / WORD_BITS] |= 1ul
                                                                      << (unsigned)fd % WORD_BITS;
            ready++;
        }
    }
    return ready;
}

static int select_all(struct leat_sockets *sockets, struct selection *selection, int count)
{
    int ready = 0;

    for (int i = 0; i < 3; i++)
        selection->ready[i] = (struct leat_fd_set){{0}};
    for (int fd = 0; fd < count; fd++) {
        const int more = select_one(sockets, selection, fd);

        if (more < 0)
            return more;
        ready += more;
    }
    return ready;
}

/* Not inlined: its variables would lie on the stack beside the sets. */
static __attribute__((noinline)) int select_wait(struct leat_sockets *sockets,
                                                 struct selection *selection, int count,
                                                 uint64_t deadline_ns)
{
    int ready, error;

    for (;;) {
        ready = select_all(sockets, selection, count);
        if (ready != 0)
            return ready;
        error = sockets_wait(sockets, &sockets->pollers, deadline_ns);
        if (error)
            return error == -LEAT_EAGAIN ? 0 : error;
    }
}

/* The words of the sets that a call for @count descriptors may touch (POSIX: the others stay). */
static void answer(const struct selection *selection, int count)
{
    for (int i = 0; i < 3; i++) {
        for (unsigned word = 0; selection->asked[i] && word * WORD_BITS < (unsigned)count; word++)
            selection->asked[i]->fds_bits[word] = selection->ready[i].fds_bits[word];
    }
}

static bool is_time(const struct leat_timeval *time)
{
    return time->tv_sec >= 0 && time->tv_usec >= 0;
}

int leat_bsd_select(struct leat_sockets *sockets, int count, struct leat_fd_set *readable,
                    struct leat_fd_set *writable, struct leat_fd_set *exceptional,
                    struct leat_timeval *timeout)
{
    struct selection selection = {.asked = {readable, writable, exceptional}};
    uint64_t deadline_ns = LEAT_NEVER_NS;
    uint64_t left_ns;
    int ready;

    if (count < 0 || count > LEAT_FD_SETSIZE || (timeout && !is_time(timeout)))
        return -LEAT_EINVAL;
    if (timeout && timeout->tv_sec < INT32_MAX)
        deadline_ns = deadline_of(sockets, (uint64_t)timeout->tv_sec * 1000000000 +
                                               (uint64_t)timeout->tv_usec * 1000);
    ready = select_wait(sockets, &selection, count, deadline_ns);
    if (timeout && deadline_ns != LEAT_NEVER_NS) {
        const uint64_t now_ns = service_now_ns(sockets->stack);

        left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        *timeout = (struct leat_timeval){(int64_t)(left_ns / 1000000000),
                                         (int64_t)(left_ns % 1000000000 / 1000)};
    }
    if (ready >= 0)
        answer(&selection, count);
    return ready;
}

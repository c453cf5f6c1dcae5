/* table.c -- descriptors, and the sockets that they name. */
#include "sockets/calls/inside.h"

#include <string.h>

enum {
    DESCRIPTORS = 64,
    DESCRIPTORS_MAX = 65536,
    FIRST = 3,
    DATAGRAMS = 256,
    ADDRESSES = 32,
    LIMIT_MAX = 1 << 24,
    ALIGN = 16
};

static const uint64_t RESOLVE_NS = 30000000000;

/* ---- open and close ------------------------------------------------------------------------ */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static struct leat_sockets_config with_defaults(const struct leat_sockets_config *config)
{
    struct leat_sockets_config full = config ? *config : (struct leat_sockets_config){0};

    full.descriptors = or_default(full.descriptors, DESCRIPTORS);
    full.first = or_default(full.first, FIRST);
    full.datagrams = or_default(full.datagrams, DATAGRAMS);
    full.addresses = or_default(full.addresses, ADDRESSES);
    full.watches = or_default(full.watches, full.descriptors);
    if (full.resolve_ns == 0)
        full.resolve_ns = RESOLVE_NS;
    return full;
}

static bool is_possible(const struct leat_sockets_config *full)
{
    return !LEAT_RESERVED_IS_USED(full) && full->descriptors <= DESCRIPTORS_MAX &&
           full->first <= LIMIT_MAX && full->datagrams <= LIMIT_MAX &&
           full->addresses <= LIMIT_MAX && full->watches <= LIMIT_MAX;
}

/* A socket for each descriptor, and as many that calls still use after close(). */
static size_t socket_count(const struct leat_sockets_config *full)
{
    return 2 * (size_t)full->descriptors;
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

size_t leat_sockets_memory_bytes(const struct leat_sockets_config *config)
{
    const struct leat_sockets_config full = with_defaults(config);

    if (!is_possible(&full))
        return SIZE_MAX;
    return ALIGN + rounded(sizeof(struct leat_sockets)) +
           rounded(full.descriptors * sizeof(struct descriptor)) +
           rounded(socket_count(&full) * sizeof(struct socket)) +
           rounded(socket_count(&full) * leat_udp_socket_bytes()) +
           rounded(full.datagrams * sizeof(struct datagram)) +
           rounded(full.addresses * sizeof(struct address_entry)) +
           rounded(full.watches * sizeof(struct watch));
}

static void *part(uint8_t **at, size_t bytes)
{
    void *made = *at;

    memset(made, 0, bytes);
    *at += rounded(bytes);
    return made;
}

static struct leat_sockets *lay_out(void *memory, const struct leat_sockets_config *full)
{
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_sockets *sockets = part(&at, sizeof *sockets);
    struct datagram *datagrams;
    struct address_entry *addresses;
    struct watch *watches;

    sockets->config = *full;
    sockets->socket_count = (uint32_t)socket_count(full);
    sockets->descriptors = part(&at, full->descriptors * sizeof *sockets->descriptors);
    sockets->all = part(&at, sockets->socket_count * sizeof *sockets->all);
    sockets->udp_memory = part(&at, sockets->socket_count * leat_udp_socket_bytes());
    datagrams = part(&at, full->datagrams * sizeof *datagrams);
    addresses = part(&at, full->addresses * sizeof *addresses);
    watches = part(&at, full->watches * sizeof *watches);
    for (uint32_t i = 0; i < full->descriptors; i++)
        sockets->descriptors[i].socket = SOCKET_NONE;
    for (uint32_t i = sockets->socket_count; i-- > 0;) {
        sockets->all[i].next_free = sockets->free;
        sockets->free = &sockets->all[i];
    }
    ring_init(&sockets->free_datagrams);
    for (uint32_t i = 0; i < full->datagrams; i++)
        ring_put(&sockets->free_datagrams, &datagrams[i].ring);
    sockets->free_datagram_count = full->datagrams;
    for (uint32_t i = full->addresses; i-- > 0;) {
        addresses[i].next_free = sockets->free_addresses;
        sockets->free_addresses = &addresses[i];
    }
    ring_init(&sockets->free_watches);
    for (uint32_t i = 0; i < full->watches; i++)
        ring_put(&sockets->free_watches, &watches[i].of_epoll);
    ring_init(&sockets->pollers);
    leat_assert((size_t)(at - (uint8_t *)memory) <= leat_sockets_memory_bytes(full));
    return sockets;
}

enum leat_err leat_sockets_open(struct leat_sockets **sockets, struct leat_tasks *tasks,
                                void *memory, size_t bytes,
                                const struct leat_sockets_config *config)
{
    const struct leat_sockets_config full = with_defaults(config);

    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_sockets_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    *sockets = lay_out(memory, &full);
    (*sockets)->tasks = tasks;
    (*sockets)->stack = leat_tasks_stack(tasks);
    return LEAT_OK;
}

const struct leat_sockets_counts *leat_sockets_counts(const struct leat_sockets *sockets)
{
    return &sockets->counts;
}

/* ---- sockets ------------------------------------------------------------------------------- */

struct socket *socket_new(struct leat_sockets *sockets, const struct socket_ops *ops, bool is_v6)
{
    struct socket *socket = sockets->free;

    if (!socket) {
        sockets->counts.refused++;
        return NULL;
    }
    sockets->free = socket->next_free;
    memset(socket, 0, sizeof *socket);
    socket->sockets = sockets;
    socket->ops = ops;
    socket->kind = (uint8_t)ops->kind;
    socket->is_v6 = is_v6;
    socket->refs = 1;
    ring_init(&socket->waiters);
    ring_init(&socket->watches);
    sockets->counts.opened++;
    return socket;
}

/* Returns a socket that @socket held, or NULL. */
static struct socket *end(struct socket *socket)
{
    struct leat_sockets *sockets = socket->sockets;
    struct socket *held = socket->ops->close ? socket->ops->close(socket) : NULL;

    leat_assert(ring_is_empty(&socket->waiters)); /* a waiting call uses the socket */
    watches_forget(socket);
    socket->next_free = sockets->free;
    sockets->free = socket;
    sockets->counts.closed++;
    return held;
}

void socket_give(struct socket *socket)
{
    do { /* a listener holds the next connection, which holds nothing */
        leat_assert(socket->refs > 0);
        socket = --socket->refs == 0 ? end(socket) : NULL;
    } while (socket);
}

/* ---- descriptors --------------------------------------------------------------------------- */

bool leat_sockets_has(const struct leat_sockets *sockets, int fd)
{
    return fd >= 0 && (uint32_t)fd >= sockets->config.first &&
           (uint32_t)fd - sockets->config.first < sockets->config.descriptors;
}

/* The place of @fd. NULL: it isn't open. */
static struct descriptor *find(struct leat_sockets *sockets, int fd)
{
    struct descriptor *descriptor;

    if (!leat_sockets_has(sockets, fd))
        return NULL;
    descriptor = &sockets->descriptors[(uint32_t)fd - sockets->config.first];
    return descriptor->socket < sockets->socket_count ? descriptor : NULL;
}

struct socket *socket_take(struct leat_sockets *sockets, int fd)
{
    const struct descriptor *descriptor = find(sockets, fd);
    struct socket *socket = descriptor ? &sockets->all[descriptor->socket] : NULL;

    if (!socket)
        return NULL;
    leat_debug_assert(socket->refs > 0); /* the descriptor's own use */
    socket->refs++;
    return socket;
}

int descriptor_reserve(struct leat_sockets *sockets, int first)
{
    const uint32_t offset = sockets->config.first;
    uint32_t i = (uint32_t)first > offset ? (uint32_t)first - offset : 0;

    while (i < sockets->config.descriptors && sockets->descriptors[i].socket != SOCKET_NONE)
        i++;
    if (i >= sockets->config.descriptors) {
        sockets->counts.refused++;
        return -LEAT_EMFILE;
    }
    sockets->descriptors[i].socket = SOCKET_RESERVED;
    return (int)(offset + i);
}

void descriptor_open(struct leat_sockets *sockets, int fd, struct socket *socket, int flags)
{
    struct descriptor *descriptor = &sockets->descriptors[(uint32_t)fd - sockets->config.first];

    leat_assert(descriptor->socket == SOCKET_RESERVED);
    descriptor->socket = socket ? (uint32_t)(socket - sockets->all) : SOCKET_NONE;
    descriptor->close_on_exec = (flags & LEAT_SOCK_CLOEXEC) != 0;
}

int descriptor_for(struct socket *socket, int first, int flags)
{
    struct leat_sockets *sockets = socket->sockets;
    const int fd = descriptor_reserve(sockets, first);

    if (fd < 0)
        socket_give(socket);
    else
        descriptor_open(sockets, fd, socket, flags);
    return fd;
}

int leat_bsd_close(struct leat_sockets *sockets, int fd)
{
    struct descriptor *descriptor = find(sockets, fd);
    struct socket *socket;

    if (!descriptor)
        return -LEAT_EBADF;
    socket = &sockets->all[descriptor->socket];
    descriptor->socket = SOCKET_NONE;
    if (socket->refs == 1 && socket->options.linger && socket->ops->linger)
        socket->ops->linger(socket);
    socket_give(socket);
    return 0;
}

static int duplicate(struct leat_sockets *sockets, int fd, int first, int flags)
{
    struct socket *socket;

    if (first < 0 || (uint32_t)first >= sockets->config.first + sockets->config.descriptors)
        return find(sockets, fd) ? -LEAT_EINVAL : -LEAT_EBADF;
    socket = socket_take(sockets, fd);
    return socket ? descriptor_for(socket, first, flags) : -LEAT_EBADF;
}

int leat_bsd_dup(struct leat_sockets *sockets, int fd)
{
    return duplicate(sockets, fd, 0, 0);
}

int leat_bsd_dup2(struct leat_sockets *sockets, int fd, int to)
{
    struct socket *socket;

    if (!find(sockets, fd) || !leat_sockets_has(sockets, to))
        return -LEAT_EBADF;
    if (fd == to)
        return to;
    socket = socket_take(sockets, fd);
    leat_bsd_close(sockets, to);
    return descriptor_for(socket, to, 0);
}

int leat_bsd_fcntl(struct leat_sockets *sockets, int fd, int command, long arg)
{
    struct descriptor *descriptor = find(sockets, fd);
    struct socket *socket;

    if (!descriptor)
        return -LEAT_EBADF;
    socket = &sockets->all[descriptor->socket];
    switch (command) {
    case LEAT_F_DUPFD:
    case LEAT_F_DUPFD_CLOEXEC:
        if (arg < 0 || arg > LIMIT_MAX)
            return -LEAT_EINVAL;
        return duplicate(sockets, fd, (int)arg,
                         command == LEAT_F_DUPFD_CLOEXEC ? LEAT_SOCK_CLOEXEC : 0);
    case LEAT_F_GETFD:
        return descriptor->close_on_exec ? LEAT_FD_CLOEXEC : 0;
    case LEAT_F_SETFD:
        descriptor->close_on_exec = (arg & LEAT_FD_CLOEXEC) != 0;
        return 0;
    case LEAT_F_GETFL:
        return LEAT_O_RDWR | (socket->nonblocking ? LEAT_O_NONBLOCK : 0);
    case LEAT_F_SETFL:
        socket->nonblocking = (arg & LEAT_O_NONBLOCK) != 0;
        return 0;
    default:
        return -LEAT_EINVAL;
    }
}

void leat_sockets_close(struct leat_sockets *sockets)
{
    for (uint32_t i = 0; i < sockets->config.descriptors; i++) {
        struct descriptor *descriptor = &sockets->descriptors[i];
        struct socket *socket;

        if (descriptor->socket >= sockets->socket_count)
            continue;
        socket = &sockets->all[descriptor->socket];
        descriptor->socket = SOCKET_NONE;
        /* no wait, and no connection that outlives its program */
        socket->options.linger = true;
        socket->options.linger_s = 0;
        socket_give(socket);
    }
    leat_assert(sockets->counts.opened == sockets->counts.closed); /* no task is in a call */
}

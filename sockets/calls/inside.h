/*
 * inside.h -- internal declarations of BSD sockets.
 *
 * A descriptor is a place in a table that names a socket; several may name the same one (dup()).  A
 * socket counts its descriptors and the calls that use it, and ends with the last of them.  So a
 * close() while another task waits in a call doesn't pull the socket away from it, as on Linux.
 *
 * Callbacks of the stack only change a socket and call socket_changed(), which wakes the tasks that
 * wait.  Each woken task looks again for its own event.  An epoll is a socket, too; it has a list
 * of the watched sockets that have changed.
 */
#ifndef SOCKETS_INSIDE_H
#define SOCKETS_INSIDE_H

#include <leat/sockets.h>
#include <leat/tcp.h>
#include <leat/udp.h>

#include "core/container_of.h"
#include "core/ring.h"
#include "service.h"

#define SOCKET_NONE     UINT32_C(0xffffffff) /* a free descriptor */
#define SOCKET_RESERVED UINT32_C(0xfffffffe) /* one that a call will open */

enum socket_kind {
    SOCKET_STREAM,
    SOCKET_DATAGRAM,
    SOCKET_EVENT, /* this one and those below are no sockets for a program */
    SOCKET_EPOLL
};

/* States of a stream; a datagram socket is IDLE, or CONNECTED to a peer. */
enum socket_state {
    SOCKET_IDLE,
    SOCKET_LISTENING,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED, /* also while one direction or both are shut */
    SOCKET_FAILED,    /* a connect failed, and the program hasn't called connect() again */
    SOCKET_OVER       /* the connection has ended */
};

enum {
    SHUT_READ = 1,
    SHUT_WRITE = 2,
    SHUT_BOTH = 3
};

/* A received datagram that waits. */
struct datagram {
    struct ring ring; /* in a socket, or in the list of free ones */
    struct leat_buf *payload;
    struct leat_endpoint peer;
};

/* Options that an accepted connection takes over from its listener. */
struct socket_options {
    bool reuse_address, reuse_port, keepalive, nodelay, broadcast, v6_only, linger, oob_inline;
    uint8_t ttl, multicast_ttl, tos; /* 0: the stack's */
    int linger_s;
    int send_bytes, receive_bytes; /* as getsockopt() tells them; 0: the stack's */
    uint32_t user_timeout_ms;
    uint64_t receive_ns, send_ns; /* SO_RCVTIMEO, SO_SNDTIMEO; 0: none */
    const struct leat_tcp_congestion *congestion;
};

struct socket;

/* How sockets of one kind end. */
struct socket_ops {
    enum socket_kind kind;
    void (*linger)(struct socket *socket); /* close() with SO_LINGER; NULL: there is no wait */
    /* Ends the socket.  Returns a socket that it held, whose use the caller gives back, or NULL.
     * NULL: nothing is to do. */
    struct socket *(*close)(struct socket *socket);
};

struct socket {
    struct leat_sockets *sockets;
    const struct socket_ops *ops;
    struct socket *next_free;
    struct ring waiters; /* struct waiter */
    struct ring watches; /* struct watch, of all epolls that watch it */
    uint32_t refs;       /* descriptors and calls; 0: free */
    uint8_t kind;        /* enum socket_kind */
    uint8_t state;       /* enum socket_state */
    uint8_t shut;        /* SHUT_READ, SHUT_WRITE */
    bool is_v6;
    bool nonblocking;
    bool is_released;                 /* local.port is told, but no longer held, as on Linux */
    bool is_bound;                    /* by bind() */
    bool is_polled;                   /* a poll has looked at it since it changed last */
    bool peer_closed;                 /* the peer's FIN was seen, before anything worse */
    bool connect_told;                /* a call of connect() has returned its success */
    int error;                        /* pending: SO_ERROR */
    struct leat_endpoint local, peer; /* port 0: none */
    struct leat_ip bound_ip;          /* local.ip before a connect */
    struct socket_options options;
    union {
        struct {
            struct leat_tcp *conn; /* NULL: none, or it has ended */
            struct leat_tcp_listener *listener;
            struct socket *next;     /* of a listener: the connection that accept() gives next */
            bool is_short;           /* there is one, but no socket for it */
            struct leat_buf *unread; /* taken from the connection, but not by the program */
        };
        struct {
            struct leat_udp *udp;
            struct ring datagrams;
            uint32_t datagram_count;
        };
        struct {
            uint64_t count; /* of an eventfd */
            bool is_semaphore;
        };
        struct {
            struct ring watched; /* struct watch, of an epoll */
            struct ring changed; /* those of them to look at */
        };
    };
};

/* A descriptor that an epoll watches: its socket is told by that number, as on Linux. */
struct watch {
    struct ring of_epoll; /* or in the list of free ones */
    struct ring of_socket;
    struct ring changed; /* in no ring: nothing is new */
    struct socket *epoll, *socket;
    int fd;
    uint32_t events; /* with no event at all: told once already (LEAT_EPOLLONESHOT) */
    uint64_t data;
};

/* A task that waits for a change. */
struct waiter {
    struct ring ring;
    struct leat_task *task; /* while it waits: the place of task_wait() */
};

struct descriptor {
    uint32_t socket; /* its number, or SOCKET_NONE */
    bool close_on_exec;
};

enum {
    ADDRESSES_MAX = 8 /* that one call of getaddrinfo() finds */
};

/* The question of getaddrinfo(), and what was found so far. */
struct address_question {
    struct leat_sockets *sockets;
    const char *node;
    const char *service;
    int flags, family;
    bool streams, datagrams; /* kinds that are asked for */
    bool is_result;          /* its entry is the first result, too */
    uint16_t ports[2];       /* of both */
    unsigned count;
    struct leat_endpoint found[ADDRESSES_MAX];
    struct leat_lookup_failure failure; /* of the name server; isn't looked at */
    int *why;
};

/* A result of getaddrinfo(), or its question: on the stack of a task that waits for a name server
 * the question would take too much. */
struct address_entry {
    struct leat_addrinfo info; /* first */
    struct leat_sockaddr_in6 address;
    struct address_entry *next_free;
    union {
        char name[LEAT_DNS_NAME_BYTES + 1];
        struct address_question asked;
    };
};

struct leat_sockets {
    struct leat_tasks *tasks;
    struct leat *stack;
    struct leat_sockets_config config; /* with the defaults filled in */
    struct leat_sockets_counts counts;
    struct descriptor *descriptors;
    uint32_t socket_count;
    struct socket *all;
    uint8_t *udp_memory; /* leat_udp_socket_bytes() for each socket */
    struct socket *free;
    struct ring free_datagrams;
    uint32_t free_datagram_count;
    struct address_entry *free_addresses;
    struct ring pollers;      /* struct waiter */
    struct ring free_watches; /* struct watch */
};

/* True for a stream or a datagram socket: others have no address and no options. */
static inline bool socket_is_real(const struct socket *socket)
{
    return socket->kind < SOCKET_EVENT;
}

/* ---- table.c: descriptors and sockets ----------------------------------------------------- */

/* The socket of @fd, used once more until socket_give(), or NULL: LEAT_EBADF. */
struct socket *socket_take(struct leat_sockets *sockets, int fd);

/* Ends a use. The last one closes the socket. */
void socket_give(struct socket *socket);

/* A new socket, used once. NULL: all are taken, LEAT_ENFILE. */
struct socket *socket_new(struct leat_sockets *sockets, const struct socket_ops *ops, bool is_v6);

/* Reserves the lowest free descriptor of @first at least. -LEAT_EMFILE. */
int descriptor_reserve(struct leat_sockets *sockets, int first);

/* Opens a reserved descriptor for @socket, whose use by the caller it takes; NULL: frees it. */
void descriptor_open(struct leat_sockets *sockets, int fd, struct socket *socket, int flags);

/* Opens a descriptor for the use of @socket, as both. After -LEAT_EMFILE the use is over. */
int descriptor_for(struct socket *socket, int first, int flags);

/* ---- wait.c ------------------------------------------------------------------------------- */

/* The state of @socket has changed: wakes all that wait for it. */
void socket_changed(struct socket *socket);

/* Waits for a change. 0: there may be one. -LEAT_EAGAIN: the deadline, or no task.
 * -LEAT_ECANCELED. */
int socket_wait(struct socket *socket, uint64_t deadline_ns);

/* Wakes all that wait in @ring. */
void sockets_wake(const struct ring *ring);

/* Waits in @ring, the same. */
int sockets_wait(struct leat_sockets *sockets, struct ring *ring, uint64_t deadline_ns);

/* The deadline of a call with a timeout of @ns, 0: none; LEAT_MSG_DONTWAIT in @flags or O_NONBLOCK:
 * 0, which has come. */
uint64_t socket_deadline(const struct socket *socket, uint64_t ns, int flags);

/* ---- watch.c ------------------------------------------------------------------------------ */

/* The watch of @socket by that number. NULL: there is none. */
struct watch *watch_find(const struct socket *epoll, const struct socket *socket, int fd);

/* A new one. NULL: all are taken. */
struct watch *watch_new(struct socket *epoll, struct socket *socket, int fd);

void watch_free(struct watch *watch);

/* The next wait looks at it. */
void watch_mark(struct watch *watch);

/* Nothing watches @socket any more: it ends. */
void watches_forget(struct socket *socket);

/* ---- errors.c ----------------------------------------------------------------------------- */

/* The negative error number for @err; 0 for LEAT_OK. */
int error_number(enum leat_err err);

/* Takes the pending error: its negative, or 0. */
int socket_take_error(struct socket *socket);

/* ---- address.c ---------------------------------------------------------------------------- */

/* Reads an address of IPv6 or IPv4. -LEAT_EINVAL, -LEAT_EAFNOSUPPORT. */
int address_read(bool as_v6, const void *address, uint32_t len, struct leat_endpoint *end);

/* The family of an address; -LEAT_EINVAL: too short for one. */
int address_family(const void *address, uint32_t len);

/* Writes @end as an address of IPv6 or IPv4, cut off at *@len, and sets *@len to its full length.
 * Nothing is written to a NULL. */
int address_write(bool as_v6, const struct leat_endpoint *end, void *address, uint32_t *len);

/* An address that means itself to other hosts: for "any" the loopback address. */
struct leat_endpoint address_of_peer(const struct leat_endpoint *end);

/* ---- bind.c ------------------------------------------------------------------------------- */

/* True if it holds a port. */
static inline bool socket_has_port(const struct socket *socket)
{
    return socket->local.port > 0 && !socket->is_released;
}

/* Binds to a free port, if it has none yet. */
int socket_bind_any(struct socket *socket);

/* The address on which @socket listens or receives: "::" or 0.0.0.0 of its family. */
struct leat_ip socket_any(const struct socket *socket);

/* True if @listener can't listen because another socket listens on its port. */
bool port_is_listened_to(const struct socket *listener);

/* ---- stream.c, listen.c: connections ------------------------------------------------------ */

extern const struct leat_tcp_events stream_events;
extern const struct socket_ops stream_ops;

/* Applies the options to the connection. */
void stream_apply_options(const struct socket *socket);

/* Bytes that can be read now. */
uint32_t stream_readable(const struct socket *socket);

/* True if a read returns 0 now and for ever. */
bool stream_is_at_end(const struct socket *socket);

int stream_connect(struct socket *socket, const struct leat_endpoint *peer);
int stream_disconnect(struct socket *socket);
int stream_shutdown(struct socket *socket, unsigned how);

/* ---- parts.c: the parts of a message ------------------------------------------------------- */

/* A message as the program sees it, and how far it is done. */
struct parts {
    const struct leat_iovec *parts;
    size_t count;
    size_t at;     /* current part */
    size_t offset; /* in it */
};

/* The bytes of all parts; -LEAT_EINVAL: more than a length can tell. */
intptr_t parts_total(const struct parts *parts);

/* The current place, where *@len bytes lie side by side; NULL: the end. */
uint8_t *parts_here(struct parts *parts, size_t *len);
void parts_advance(struct parts *parts, size_t bytes);

/* Copies from the list @from, from @offset on, at most @len bytes. Returns how many. */
size_t parts_take(struct parts *parts, const struct leat_buf *from, uint32_t offset, size_t len);

/* ---- receive.c, send.c, datagram.c --------------------------------------------------------- */

/* The results of recvmsg() beside the bytes. */
struct received {
    struct leat_endpoint peer; /* port 0: of a stream */
    int flags;
};

intptr_t stream_receive(struct socket *socket, struct parts *parts, int flags);
intptr_t stream_send(struct socket *socket, struct parts *parts, int flags);
intptr_t datagram_receive(struct socket *socket, struct parts *parts, int flags,
                          struct received *received);
intptr_t datagram_send(struct socket *socket, struct parts *parts, int flags,
                       const struct leat_endpoint *peer);
int datagram_open(struct socket *socket);
int datagram_connect(struct socket *socket, const struct leat_endpoint *peer);
int datagram_disconnect(struct socket *socket);
int datagram_shutdown(struct socket *socket, unsigned how);
extern const struct socket_ops datagram_ops;

/* Bytes of the first datagram; false: there is none. */
bool datagram_first(const struct socket *socket, uint32_t *bytes);

/* ---- event.c ------------------------------------------------------------------------------- */

intptr_t event_read(struct socket *socket, void *bytes, size_t len);
intptr_t event_write(struct socket *socket, const void *bytes, size_t len);

/* ---- ready.c ------------------------------------------------------------------------------- */

/* All events of poll() that are true of @socket now. */
unsigned socket_ready(const struct socket *socket);

/* The deadline of a wait for @timeout_ms, or for ever below 0. */
uint64_t timeout_deadline(const struct leat_sockets *sockets, int timeout_ms);

/* ---- services.c ---------------------------------------------------------------------------- */

/* The port of a service, by name; 0: unknown. */
uint16_t service_port(const char *name, bool is_udp);

/* The name of the service at @port; NULL: unknown. */
const char *service_name(uint16_t port, bool is_udp);

#endif

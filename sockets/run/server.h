/*
 * server.h -- leat-run's server: the process that has the stack.
 *
 * It is a program of leat_main().  Around each wait of the loop it serves its own descriptors:
 * calls of the preloaded library, and the other ends of the program's sockets (protocol.h).
 */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <leat/leat.h>
#include <leat/main.h>

#include "protocol.h"

enum {
    SOCKS_MAX = 16384, /* sockets of the program that the server knows at a time */
    CALLS_MAX = 1024,  /* calls at a time; most wait for a name */
    ENDED_MAX = 1024,  /* connections that failed, for RUN_WHY */
    STREAM_PIECES_MAX = 64
};

enum sock_state {
    SOCK_FREE,
    SOCK_FRESH, /* it has options, or a port */
    SOCK_LISTENING,
    SOCK_CONNECTING,
    SOCK_OPEN,
    SOCK_DATAGRAM
};

/* Values that setsockopt() has set and that outlive a connection, or come before it. */
struct sock_options {
    bool reuse_address, reuse_port, keepalive, nodelay, broadcast, only_v6, oob_inline;
    bool lingers;
    uint8_t tos, ttl;
    uint8_t wants; /* RUN_WANTS_... */
    uint16_t mss;
    int32_t linger_s;
    uint32_t user_timeout_ms;
    const struct leat_tcp_congestion *congestion; /* NULL: the stack's */
};

/* The purpose of an epoll event. */
enum watch {
    WATCH_CALLS,
    WATCH_STREAMS,
    WATCH_DATAGRAMS,
    WATCH_CALL,
    WATCH_SOCK
};

/* A socket of the program. */
struct sock {
    enum watch watch; /* first, as of all that epoll events point to */
    enum sock_state state;
    struct run_id id;
    struct sock *hash_next, *bound_next, *free_next, *reset_next;
    struct leat_endpoint local, remote;
    struct sock_options options;
    struct leat_tcp *conn; /* NULL: it has ended */
    struct leat_udp *udp;  /* of share */
    struct share *share;   /* of a socket of UDP */
    struct sock *share_next;
    struct port *port;        /* of a listener */
    struct sock *port_next;   /* listeners of the same port */
    struct leat_buf *pending; /* received, not yet in the kernel's socket */
    uint32_t filler_bytes;    /* to be skipped (RUN_CONNECT) */
    uint32_t read_bytes;      /* of the next read; 0: of the first */
    uint64_t dropped;         /* datagrams for which the kernel's socket had no room */
    int fd;                   /* our end; -1: none */
    int error;                /* errno of the end */
    char family, type;
    bool is_bound;
    bool accepted;
    bool trusted;             /* of UDP: a call with the token has named it */
    bool can_read, can_write; /* of fd, as far as known */
    bool ends;                /* the kernel has told of an end */
    bool up_ended;            /* nothing more comes from the program */
    bool down_ended;          /* it was told that nothing more comes from the peer */
    bool gone;                /* it takes nothing more */
    bool resets;              /* in the next turn */
    struct fast_slot *slot;   /* fast mode; NULL: its data passes the kernel's socket */
    bool up_over;             /* the same as up_ended, but data may still be in the ring */
};

struct server {
    struct leat_platform *platform;
    const char *run; /* RUN */
    uint8_t token[RUN_TOKEN_BYTES];
    int epoll;
    bool is_fast;
    int ready;                                                  /* the pipe of launch.c */
    bool (*wait)(struct leat_host *host, uint64_t deadline_ns); /* the host's own */
};

extern struct server server;

/* ---- server.c -------------------------------------------------------------------------------- */

/* leat_main() of the server, which must have been forked: returns the exit status. @ready becomes
 * readable with one byte when PROGRAM may start. */
int server_main(int argc, char **argv, const char *run, const uint8_t token[RUN_TOKEN_BYTES],
                bool is_fast, int ready);

/* False: the device is lost, so no new connection can come about. */
bool server_has_device(void);

/* Takes the ends of new sockets of UDP. A call may be here before the turn of its socket's end. */
void server_take_datagrams(void);

/* Watches @fd for events of @what (its first member is an enum watch). */
bool server_watch(int fd, uint32_t events, void *what);

/* ---- call.c ---------------------------------------------------------------------------------- */

struct call {
    enum watch watch;
    int fd; /* -1: unused */
    struct run_request request;
    struct run_reply reply;
    struct call *free_next;
    void *lookup; /* lookup.c's */
};

/* Takes connections of the listener of calls. */
void calls_accept(int listener);

/* A call's descriptor has an event. */
void call_event(struct call *call);

/* Sends the reply, and ends the call. */
void call_answer(struct call *call, int error);

/* ---- sock.c ---------------------------------------------------------------------------------- */

struct sock *sock_find(const struct run_id *id);

/* NULL: too many. */
struct sock *sock_new(const struct run_id *id, char family, char type);

/* Ends it, whatever it is; why its connection has ended, if it has, can be asked for later. */
void sock_free(struct sock *sock);

/* True if the program still has the socket, as its name tells; for those without an end of ours. */
bool sock_is_alive(const struct sock *sock);

/* Frees those without an end of ours that the program has closed. */
void socks_sweep(void);

/* True while data of the program, or the FIN behind it, isn't acknowledged by a peer. */
bool socks_send_on(void);

/* Why a connection that isn't there any more has ended, once. */
int ended_why(const struct run_id *id);

int errno_of(enum leat_err err);
struct leat_endpoint endpoint_of(const struct run_endpoint *endpoint);
struct run_endpoint run_endpoint_of(const struct leat_endpoint *endpoint);

/* ---- port.c ---------------------------------------------------------------------------------- */

/* Each returns 0 or an errno. */
int port_bind(struct sock *sock, const struct leat_endpoint *local);
int port_listen(struct sock *sock, uint32_t backlog);

/* It doesn't listen any more. */
void port_leave(struct sock *sock);

/* ---- stream.c -------------------------------------------------------------------------------- */

extern const struct leat_tcp_events stream_events;

/* EINPROGRESS, or another errno. */
int stream_connect(struct sock *sock, const struct leat_endpoint *remote, uint32_t filler_bytes);

/* The program's end has connected to ours. */
void stream_arrived(struct sock *sock, int fd);

void stream_event(struct sock *sock, uint32_t events);

/* Applies the options to the connection. */
void stream_configure(struct sock *sock);

/* Buffers for @room bytes; NULL: the pool is empty. @pieces and @count: where the bytes belong. */
struct leat_buf *stream_buffers(uint32_t room, struct iovec *pieces, int *count);

/* The program's data is over. */
void stream_close_up(struct sock *sock);

/* Resets those connections whose turn it is. True: there were some. */
bool streams_reset(void);

/* The socket ends. */
void stream_forget_reset(const struct sock *sock);

/* ---- fast.c ---------------------------------------------------------------------------------- */

/* NULL, or what is wrong. @busy_us: the server and the program stay awake for so long before they
 * sleep. */
const char *fast_open(uint32_t busy_us);

/* The descriptor of the shared memory; -1: not in fast mode. */
int fast_descriptor(void);

/* Gives the connection a slot if there is one, and takes it back. */
void fast_take(struct sock *sock);
void fast_release(struct sock *sock);
struct fast_place fast_place_of(const struct sock *sock);

struct fast_rings *fast_rings_of(const struct fast_slot *slot);

/* Before a wait; false: programs have called meanwhile, so there is no time to wait. */
bool fast_may_sleep(void);

/* After it: looks at the slots that programs have named. */
void fast_serve(void);

/* Once a second: frees the memory of connections that are idle. */
void fast_sweep(void);

/* ---- fast_stream.c --------------------------------------------------------------------------- */

/* Takes data and ends of the program, as far as TCP has room. */
void fast_up(struct sock *sock);

/* Puts what waits into the ring. False: it is full. */
bool fast_down(struct sock *sock);

/* True: the program hasn't read all; then fast_serve() has it when it has. */
bool fast_is_unread(struct sock *sock);

/* Wakes the program's threads, and epolls that sleep. */
void fast_bell(struct sock *sock);

/* The program will find data: tells its epoll, or rings. */
void fast_post(struct sock *sock);

/* ---- datagram.c ------------------------------------------------------------------------------ */

int datagram_arrived(struct sock *sock, int fd);

/* A call with the token has named the socket: from now on it sends and receives. */
void datagram_trust(struct sock *sock);

int datagram_bind(struct sock *sock, const struct leat_endpoint *local);
int datagram_connect(struct sock *sock, const struct leat_endpoint *remote);
void datagram_event(struct sock *sock);
void datagram_close(struct sock *sock);

/* Gives a datagram, or an errno in its place, to the program. Without room it is dropped. */
void datagram_give(struct sock *sock, const struct leat_buf *payload,
                   const struct leat_endpoint *peer, const struct leat_endpoint *local);
void datagram_give_error(struct sock *sock, int error);

/* ---- share.c --------------------------------------------------------------------------------- */

/* Opens leat's socket for it; false: no memory. */
bool share_open(struct sock *sock);

/* As leat_udp_bind(); the port may be another socket's if the options of both allow it. */
enum leat_err share_bind(struct sock *sock, const struct leat_endpoint *local);

/* True: leat's socket is, or was, that of several, and isn't connected. */
bool share_has_several(const struct sock *sock);

/* Closes leat's socket with its last member. */
void share_leave(struct sock *sock);

/* ---- option.c -------------------------------------------------------------------------------- */

int option_set(struct sock *sock, const struct run_request *request);
int option_get(struct sock *sock, const struct run_request *request, struct run_reply *reply);

/* ---- lookup.c -------------------------------------------------------------------------------- */

/* NULL, or what is wrong. */
const char *lookup_open(struct leat_platform *platform);

/* Answers the call later. */
void lookup_begin(struct call *call);
void lookup_cancel(struct call *call);

#endif

/*
 * sockets.h -- BSD sockets on leat's callbacks, as far as scripts use them.
 *
 *      sockets.c   the table, and the results of the stack's callbacks
 *      calls.c     the calls, each tried until it returns
 *      transfer.c  data in and out
 *      message.c   data arguments of calls, recvmsg of errors
 *      loan.c      lent data, and the notices of its return
 *      options.c   setsockopt, getsockopt, fcntl, ioctl
 *      poll.c      poll, epoll
 */
#ifndef SCRIPT_SOCKETS_H
#define SCRIPT_SOCKETS_H

#include "ast.h"
#include "machine.h"

enum {
    SOCKETS_MAX = 128,
    DATAGRAMS_MAX = 64,
    COMPLAINT_BYTES = 200
};

enum sock_kind {
    SOCK_FREE,
    SOCK_TCP,
    SOCK_UDP,
    SOCK_EPOLL
};

struct datagram {
    struct leat_buf *payload;
    struct leat_endpoint peer;
};

struct sock {
    enum sock_kind kind;
    int64_t fd; /* the script's */
    struct sockets *sockets;
    struct leat_tcp *conn; /* NULL: none, or it has ended */
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;
    struct leat_endpoint bound;
    bool acceptable; /* on_acceptable has come since accept() found nothing */
    bool nonblocking, nodelay, keepalive, broadcast, reuse, lingers;
    uint32_t linger_s;
    uint64_t user_timeout_ns;
    const struct leat_tcp_congestion *congestion; /* TCP_CONGESTION, set while the stack runs */
    uint16_t mss_max;                             /* 0: not set */
    uint8_t dscp;
    bool fast_open; /* of a listener, or of connect() */
    bool zero_copy; /* MSG_ZEROCOPY lends data to the stack */
    unsigned news;  /* number of callbacks, for edge-triggered epoll */
    bool connecting, connected;
    bool shut_read, shut_write;
    bool ended;                   /* the last callback of the connection has come */
    int error;                    /* SO_ERROR */
    uint32_t read_at, written_at; /* offsets in the data */
    uint32_t send_queue_bytes;    /* SO_SNDBUF, set while the stack runs; 0: the stack's default */
    uint32_t peeked_bytes;        /* bytes after read_at that MSG_PEEK has shown and that are
                                   * not consumed yet */
    struct lender *lender;        /* MSG_ZEROCOPY: the lent data; NULL: none */
    struct datagram datagrams[DATAGRAMS_MAX];
    unsigned datagram_count;
};

/* A descriptor watched by epoll; EPOLLET: events up to this one have been reported. */
struct watch {
    const struct sock *epoll; /* NULL: free */
    const struct sock *sock;
    int64_t events;
    unsigned news;
    bool is_spent; /* EPOLLONESHOT: reported, and disabled */
};

struct sockets {
    struct machine *machine;
    struct settings *settings; /* may still be changed until the stack exists */
    bool relaxed;              /* sizes of buffers aren't compared */
    struct sock socks[SOCKETS_MAX];
    struct watch watches[SOCKETS_MAX];
    struct sock *latest_tcp;                    /* %{ }% reads it */
    struct leat_endpoint udp_local, udp_remote; /* ends of the UDP socket used last */
};

/* A call in progress. */
struct calling {
    const struct call *call;
    struct sock *sock;
    uint32_t done_bytes; /* of a blocking write */
    bool started;        /* connect(): the SYN is out */
    uint64_t until_ns;   /* poll(), epoll_wait(): the timeout */
    int64_t result;
    int error;
    char complaint[COMPLAINT_BYTES]; /* an error beside the result, or "" */
};

void sockets_init(struct sockets *sockets, struct machine *machine, struct settings *settings);

/* Frees queued data of sockets; called before the stack ends. */
void sockets_free(struct sockets *sockets);

struct sock *sockets_find(struct sockets *sockets, int64_t fd);
struct sock *sockets_add(struct sockets *sockets, int64_t fd, enum sock_kind kind);

/* Removes the descriptor from all epoll sets, and its own set. */
void sockets_unwatch(struct sockets *sockets, const struct sock *sock);

/* Attaches a connection to @sock. */
void sock_attach(struct sock *sock, struct leat_tcp *conn);
extern const struct leat_tcp_events sock_tcp_events;
extern const struct leat_udp_events sock_udp_events;
void sock_on_acceptable(struct leat_tcp_listener *listener, void *arg);
int sock_errno(enum leat_err err);

/* True if the call needs a stack, after whose start settings can't change. */
bool call_needs_stack(const struct call *call);

/* Tries the call; true: it has returned. */
bool call_try(struct sockets *sockets, struct calling *calling);

/* ---- between the calls' files ------------------------------------------------------------ */

/* The n-th argument, from 0; one like ... if there is none. */
const struct value *call_arg(const struct calling *calling, unsigned n);

/* The member of a struct; NULL: no member has this name. */
const struct value *call_field(const struct value *value, const char *name);

/* Returns from the call. */
bool call_returns(struct calling *calling, int64_t result);
bool call_fails(struct calling *calling, int error);

/* The pending error of the socket, which is cleared; @fallback if there is none. */
bool call_fails_with_pending(struct calling *calling, int fallback);

/* The arguments of a call of transfer.c. */
struct message {
    uint32_t len;
    int64_t flags;
    const struct value *peer; /* sendto, sendmsg; NULL: unspecified */
    bool is_pattern;          /* its data is `...` */
};
struct message call_message(const struct calling *calling);

/* recvmsg() with MSG_ERRQUEUE: the notices of lent data. */
bool call_take_notice(struct calling *calling);

/* recvmsg(): compares msg_flags and msg_control with the script; complains otherwise. */
void call_check_header(struct calling *calling, int64_t flags);

/* An address argument: `...` means @ip and @port; otherwise {sa_family=..., sin_port=...,
 * sin_addr=...}. */
struct leat_endpoint call_endpoint(const struct settings *settings, const struct value *value,
                                   uint32_t ip, uint16_t port);

/* Begins a connection to @remote, which belongs to @sock. */
enum leat_err call_begin_connect(struct sockets *sockets, struct sock *sock,
                                 const struct leat_endpoint *remote);

/* The UDP socket for the following packets; @remote: NULL or its peer. */
void call_note_udp(struct sockets *sockets, const struct sock *sock,
                   const struct leat_endpoint *remote);

/* The call can't complete now. */
bool call_would_block(struct calling *calling, bool nonblocking);

/* The result differs from the script: fails the script. */
bool call_complain(struct calling *calling, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool call_read(struct sockets *sockets, struct calling *calling);
bool call_write(struct sockets *sockets, struct calling *calling);
bool call_setsockopt(struct sockets *sockets, struct calling *calling);
bool call_getsockopt(struct sockets *sockets, struct calling *calling);
bool call_fcntl(struct sockets *sockets, struct calling *calling);
bool call_ioctl(struct sockets *sockets, struct calling *calling);
bool call_poll(struct sockets *sockets, struct calling *calling);
bool call_epoll_create(struct sockets *sockets, struct calling *calling);
bool call_epoll_ctl(struct sockets *sockets, struct calling *calling);
bool call_epoll_wait(struct sockets *sockets, struct calling *calling);

#endif

/*
 * flow.h -- streams, datagrams and names for tasks (task.h): calls that wait.
 *
 * A flow is a stream in the hands of a task.  It lies wherever the task wants it, on its stack
 * mostly; the task that opened it closes it before it returns.  One task may read from it while
 * another one, a child perhaps, writes to it.
 *
 * Outcomes beside those of task.h, of every call: LEAT_ERR_END, the peer has said all; and what
 * became of the connection if that was not its orderly end (RESET, TIMEOUT, MEMORY, ...).
 */
#ifndef LEAT_FLOW_H
#define LEAT_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/connect.h>
#include <leat/resolver.h>
#include <leat/stream.h>
#include <leat/task.h>
#include <leat/tcp.h>
#include <leat/udp.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A stream in the hands of a task.  For the program to look at: `stream`, `tasks`. */
struct leat_flow {
    struct leat_stream stream; /**< its `end` is NULL once the connection is over */
    struct leat_tasks *tasks;  /**< those that may use it */
    struct leat_task *owner;   /**< private: who closes it */
    struct leat_task *reader;  /**< private: who waits for text */
    struct leat_task *writer;  /**< private: who waits for room */
    struct leat_buf *unread;   /**< private: received, but not handed out */
    uint32_t unconsumed;       /**< private: bytes handed out as buffers */
    enum leat_err why;         /**< private: how the connection ended */
};

/* ---- open and close ----------------------------------------------------------------------- */

/** Connects to @p remote.  LEAT_OK: the flow is open, and must be closed.  Errors beside those
 * above: what leat_tcp_connect() and on_closed of tcp.h say. */
enum leat_err leat_flow_connect(struct leat_flow *flow, struct leat_task *task,
                                const struct leat_endpoint *remote, uint64_t deadline_ns);

/** The same from @p local (NULL: leat chooses), as leat_tcp_connect() takes it. */
enum leat_err leat_flow_connect_from(struct leat_flow *flow, struct leat_task *task,
                                     const struct leat_endpoint *remote,
                                     const struct leat_endpoint *local, uint64_t deadline_ns);

/**
 * Connects to @p host, a name or an address written as one, at @p port, as leat_connect() does:
 * both families, the first address that opens.  @p connecting is the program's, too large for most
 * stacks; it says what became of each try (leat_connect_format()).  LEAT_OK: the flow is open, and
 * must be closed.  Errors beside those above: what leat_connect() and leat_connect_fn say.
 */
enum leat_err leat_flow_connect_name(struct leat_flow *flow, struct leat_task *task,
                                     struct leat_connecting *connecting,
                                     const struct leat_connect_config *config, const char *host,
                                     uint16_t port, uint64_t deadline_ns);

/** Takes over a stream that is open.  The flow must be closed. */
void leat_flow_open(struct leat_flow *flow, struct leat_task *task,
                    const struct leat_stream *stream);

/**
 * Closes both ways, as leat_tcp_close(): what was written is still delivered, and what is unread
 * resets the connection.  Never waits.
 */
void leat_flow_close(struct leat_flow *flow);

/** Resets the connection and throws everything away.  Never waits. */
void leat_flow_abort(struct leat_flow *flow);

/** "I have no more to say": the peer reads to its end; one may go on to read.  Never waits. */
enum leat_err leat_flow_finish(struct leat_flow *flow);

/* ---- read --------------------------------------------------------------------------------- */

/**
 * What has come, at least a byte: the very buffers, which are the program's.  The window opens by
 * as much when the flow is read again or closed.
 */
enum leat_err leat_flow_read(struct leat_flow *flow, struct leat_buf **text, uint64_t deadline_ns);

/** Copies what has come, at least a byte and at most @p size; @p len is how much. */
enum leat_err leat_flow_read_some(struct leat_flow *flow, void *bytes, size_t size, size_t *len,
                                  uint64_t deadline_ns);

/** Copies exactly @p len bytes.  On an error those that had come are lost. */
enum leat_err leat_flow_read_exact(struct leat_flow *flow, void *bytes, size_t len,
                                   uint64_t deadline_ns);

/**
 * Copies up to and with the first @p delimiter, at most @p size bytes; @p len is how much it is,
 * on errors too.  LEAT_ERR_TOO_BIG: there is none in @p size bytes, which were taken.
 */
enum leat_err leat_flow_read_until(struct leat_flow *flow, char delimiter, void *bytes, size_t size,
                                   size_t *len, uint64_t deadline_ns);

/* ---- write -------------------------------------------------------------------------------- */

/** Copies all @p len bytes into the send queue, waiting for room where there is none.  On an error
 * a part may be queued. */
enum leat_err leat_flow_write(struct leat_flow *flow, const void *bytes, size_t len,
                              uint64_t deadline_ns);

/** The same for a list of buffers, without a copy; takes it, whatever is returned.
 * LEAT_ERR_MEMORY: @p text is NULL, so the result of an allocation may be passed on as it is. */
enum leat_err leat_flow_send(struct leat_flow *flow, struct leat_buf *text, uint64_t deadline_ns);

/** The same for memory that doesn't change any more, without a copy (leat_buf_lend()). */
enum leat_err leat_flow_lend(struct leat_flow *flow, const void *bytes, size_t len,
                             uint64_t deadline_ns);

/* ---- servers ------------------------------------------------------------------------------ */

/** What a task does with a connection.  LEAT_OK or LEAT_ERR_END: it is closed then; any other
 * value: aborted. */
typedef enum leat_err leat_serve_fn(struct leat_task *task, struct leat_flow *flow, void *arg);

/**
 * A service: a task for each connection.  The program fills in the first part, and keeps it until
 * the stack is closed: idle connections lead here.
 */
struct leat_service {
    struct leat_tcp_listen_config
        listen;                           /**< but for on_acceptable and arg; `displace` holds for
                                               tasks, too: with all of them taken, a connection of an
                                               address that has none cancels the one of another that
                                               has gone on least lately, though that has no more */
    const char *name;                     /**< of its tasks */
    leat_serve_fn *serve;                 /**< called in a task for each connection */
    void *arg;                            /**< its last argument */
    bool at_once; /**< a task begins when its connection opens; else with its first text, and an
                       idle connection has none */
    struct leat_tcp_listener *listener; /**< private */
    struct leat_tasks *tasks;           /**< private */
    struct leat_service *next;          /**< private */
};

/** Listens, and serves each connection by a task of its own, until leat_tasks_close().
 * Then connections without a task are reset when they say something.  Errors: those of
 * leat_tcp_listen(). */
enum leat_err leat_task_serve(struct leat_tasks *tasks, struct leat_service *service);

/** A listener for one task. */
struct leat_acceptor {
    struct leat_tcp_listener *listener; /**< private, as the rest */
    struct leat_tasks *tasks;           /**< whose */
    struct leat_task *waiter;           /**< who waits for a connection */
};

/** Listens; @p config but for on_acceptable and arg.  Errors: those of leat_tcp_listen(). */
enum leat_err leat_acceptor_open(struct leat_acceptor *acceptor, struct leat_tasks *tasks,
                                 const struct leat_tcp_listen_config *config);

/** Waits for a connection.  LEAT_OK: the flow is open, and must be closed. */
enum leat_err leat_flow_accept(struct leat_flow *flow, struct leat_acceptor *acceptor,
                               uint64_t deadline_ns);

/** Stops listening.  Nobody may wait for it. */
void leat_acceptor_close(struct leat_acceptor *acceptor);

/* ---- datagrams ---------------------------------------------------------------------------- */

/** A datagram as it came. */
struct leat_datagram {
    struct leat_buf *payload;   /**< the program's */
    struct leat_endpoint peer;  /**< who sent it */
    struct leat_endpoint local; /**< to which address of ours */
};

/** A socket for one task, with a bounded queue.  Only `udp` and `dropped` are for the program. */
struct leat_mailbox {
    struct leat_udp *udp;         /**< to send with, to connect, to set things */
    uint64_t dropped;             /**< datagrams that found the queue full */
    struct leat_tasks *tasks;     /**< private, as what follows: whose */
    struct leat_task *waiter;     /**< who waits for a datagram */
    struct leat_datagram *places; /**< a ring */
    uint32_t count_max;           /**< places in it */
    uint32_t count;               /**< datagrams in it */
    uint32_t first;               /**< the place of the first */
};

/** Opens a socket, unbound; @p places, @p count_max of them (1 at least), must outlive it.  Errors:
 * those of leat_udp_open(). */
enum leat_err leat_mailbox_open(struct leat_mailbox *mailbox, struct leat_tasks *tasks,
                                struct leat_datagram *places, uint32_t count_max);

/** Waits for a datagram, whose payload belongs to the program. */
enum leat_err leat_mailbox_receive(struct leat_mailbox *mailbox, struct leat_datagram *datagram,
                                   uint64_t deadline_ns);

/** Closes the socket, and frees what is in the queue.  Nobody may wait for it. */
void leat_mailbox_close(struct leat_mailbox *mailbox);

/* ---- names -------------------------------------------------------------------------------- */

/**
 * Looks up the addresses of @p name, of IPv6 too after leat_ipv6_register(): @p count of them, at
 * most @p count_max, each with @p port; the best one first (RFC 6724).  At the deadline what one
 * family has answered is enough.  An address written as one needs no resolver.  Errors: those of leat_lookup_fn and leat_lookup_start(); LEAT_ERR_FORMAT (no legal name).
 */
enum leat_err leat_task_resolve(struct leat_task *task, struct leat_resolver *resolver,
                                const char *name, uint16_t port, struct leat_endpoint *ends,
                                unsigned count_max, unsigned *count, uint64_t deadline_ns);

#ifdef __cplusplus
}
#endif
#endif

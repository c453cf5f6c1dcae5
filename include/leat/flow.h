/*
 * flow.h -- streams, datagrams and names for tasks (task.h): calls that wait.
 *
 * A flow is a stream that is used by a task.  The task decides where its memory lies, mostly on its
 * stack.  The task that opened a flow closes it before it returns.  One task may read from a flow
 * while another one, perhaps a child, writes to it.
 *
 * Every call may also return the outcomes of task.h; LEAT_ERR_END when the peer has closed and all
 * its data has been read; and the reason for which a connection failed (RESET, TIMEOUT, ...).
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

/** A stream that is used by a task.  The program may read `stream` and `tasks`. */
struct leat_flow {
    struct leat_stream stream; /**< its `end` is NULL once the connection is over */
    struct leat_tasks *tasks;  /**< the tasks that may use it */
    struct leat_task *owner;   /**< private: the task that closes it */
    struct leat_task *reader;  /**< private: the task that waits for data */
    struct leat_task *writer;  /**< private: the task that waits for room */
    struct leat_buf *unread;   /**< private: received, but not handed out */
    uint32_t unconsumed;       /**< private: bytes handed out as buffers */
    enum leat_err why;         /**< private: how the connection ended */
};

/* ---- open and close ----------------------------------------------------------------------- */

/** Connects to @p remote.  LEAT_OK: the flow is open, and must be closed.  Further errors: those of
 * leat_tcp_connect() and of on_closed (tcp.h). */
enum leat_err leat_flow_connect(struct leat_flow *flow, struct leat_task *task,
                                const struct leat_endpoint *remote, uint64_t deadline_ns);

/** leat_flow_connect() from @p local (NULL: leat chooses), as leat_tcp_connect() takes it. */
enum leat_err leat_flow_connect_from(struct leat_flow *flow, struct leat_task *task,
                                     const struct leat_endpoint *remote,
                                     const struct leat_endpoint *local, uint64_t deadline_ns);

/**
 * Connects to @p host, a name or the data of an address, at @p port, as leat_connect() does: by
 * both families, using the first address that opens.  @p connecting is the program's, too large for
 * most stacks; leat_connect_format() writes the outcome of each try from it.  LEAT_OK: the flow is
 * open, and must be closed.  Further errors: those of leat_connect() and leat_connect_fn.
 */
enum leat_err leat_flow_connect_name(struct leat_flow *flow, struct leat_task *task,
                                     struct leat_connecting *connecting,
                                     const struct leat_connect_config *config, const char *host,
                                     uint16_t port, uint64_t deadline_ns);

/** Takes over an open stream.  The flow must be closed. */
void leat_flow_open(struct leat_flow *flow, struct leat_task *task,
                    const struct leat_stream *stream);

/**
 * Closes both directions, as leat_tcp_close(): written data is still delivered, unread data resets
 * the connection.  Never waits.
 */
void leat_flow_close(struct leat_flow *flow);

/** Resets the connection and discards all data.  Never waits. */
void leat_flow_abort(struct leat_flow *flow);

/** Closes our direction: the peer reads to the end.  Reading is still possible.  Never waits. */
enum leat_err leat_flow_finish(struct leat_flow *flow);

/* ---- read --------------------------------------------------------------------------------- */

/**
 * Waits for data, and returns all that there is, at least a byte, in the receive buffers
 * themselves; they belong to the program.  The window opens by as much when the flow is read again
 * or closed.
 */
enum leat_err leat_flow_read(struct leat_flow *flow, struct leat_buf **data, uint64_t deadline_ns);

/** Waits for data, and copies at least a byte and at most @p size; @p len is the number copied. */
enum leat_err leat_flow_read_some(struct leat_flow *flow, void *bytes, size_t size, size_t *len,
                                  uint64_t deadline_ns);

/** Copies exactly @p len bytes.  On an error the bytes that had arrived are lost. */
enum leat_err leat_flow_read_exact(struct leat_flow *flow, void *bytes, size_t len,
                                   uint64_t deadline_ns);

/**
 * Copies up to and including the first @p delimiter, at most @p size bytes.  @p len is the number
 * copied, on errors too.  LEAT_ERR_TOO_BIG: the first @p size bytes, now consumed, have none.
 */
enum leat_err leat_flow_read_until(struct leat_flow *flow, char delimiter, void *bytes, size_t size,
                                   size_t *len, uint64_t deadline_ns);

/* ---- write -------------------------------------------------------------------------------- */

/** Copies all @p len bytes into the send queue, and waits for room when it is full.  After an error
 * some of them may be queued. */
enum leat_err leat_flow_write(struct leat_flow *flow, const void *bytes, size_t len,
                              uint64_t deadline_ns);

/** leat_flow_write() for a list of buffers, without a copy; takes it, whatever is returned.
 * LEAT_ERR_MEMORY: @p data is NULL, so the result of an allocation may be passed on as it is. */
enum leat_err leat_flow_send(struct leat_flow *flow, struct leat_buf *data, uint64_t deadline_ns);

/** leat_flow_write() without a copy, for memory that never changes again (leat_buf_lend()). */
enum leat_err leat_flow_lend(struct leat_flow *flow, const void *bytes, size_t len,
                             uint64_t deadline_ns);

/* ---- servers ------------------------------------------------------------------------------ */

/** Serves a connection, in a task.  The connection is closed if it returns LEAT_OK or LEAT_ERR_END,
 * and aborted otherwise. */
typedef enum leat_err leat_serve_fn(struct leat_task *task, struct leat_flow *flow, void *arg);

/**
 * A service: a task for each connection.  The program fills in the first part, and keeps the struct
 * until the stack is closed, because idle connections point to it.
 */
struct leat_service {
    struct leat_tcp_listen_config
        listen;           /**< on_acceptable and arg are ignored.  `displace` applies to tasks,
                               too.  While all are taken, a connection of an address without a
                               task cancels the one that made progress least recently, even if
                               that is the only task of its address */
    const char *name;     /**< of its tasks */
    leat_serve_fn *serve; /**< called in a task for each connection */
    void *arg;            /**< its last argument */
    bool at_once; /**< start a task when a connection opens; otherwise with the first data, so that
                       idle connections have no task */
    struct leat_tcp_listener *listener; /**< private */
    struct leat_tasks *tasks;           /**< private */
    struct leat_service *next;          /**< private */
};

/** Listens, and serves each connection by a task of its own, until leat_tasks_close().  After that,
 * a connection without a task is reset when data arrives on it.  Errors: those of
 * leat_tcp_listen(). */
enum leat_err leat_task_serve(struct leat_tasks *tasks, struct leat_service *service);

/** A listener used by one task. */
struct leat_acceptor {
    struct leat_tcp_listener *listener; /**< private, as the rest */
    struct leat_tasks *tasks;           /**< the tasks that may use it */
    struct leat_task *waiter;           /**< the task that waits for a connection */
};

/** Listens; on_acceptable and arg of @p config are ignored.  Errors: those of leat_tcp_listen(). */
enum leat_err leat_acceptor_open(struct leat_acceptor *acceptor, struct leat_tasks *tasks,
                                 const struct leat_tcp_listen_config *config);

/** Waits for a connection.  LEAT_OK: the flow is open, and must be closed. */
enum leat_err leat_flow_accept(struct leat_flow *flow, struct leat_acceptor *acceptor,
                               uint64_t deadline_ns);

/** Stops listening.  No task may be waiting for a connection. */
void leat_acceptor_close(struct leat_acceptor *acceptor);

/* ---- datagrams ---------------------------------------------------------------------------- */

/** A received datagram. */
struct leat_datagram {
    struct leat_buf *payload;   /**< the program's */
    struct leat_endpoint peer;  /**< its source */
    struct leat_endpoint local; /**< its destination, one of our addresses */
};

/** A socket used by one task, with a bounded queue.  The program may use `udp` and `dropped`. */
struct leat_mailbox {
    struct leat_udp *udp;         /**< for sending, connecting and options */
    uint64_t dropped;             /**< datagrams dropped because the queue was full */
    struct leat_tasks *tasks;     /**< the tasks that may use it; private, as all that follows */
    struct leat_task *waiter;     /**< the task that waits for a datagram */
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

/** Closes the socket and frees the queued datagrams.  No task may be waiting for one. */
void leat_mailbox_close(struct leat_mailbox *mailbox);

/* ---- names -------------------------------------------------------------------------------- */

/**
 * Looks up the addresses of @p name, those of IPv6 only after leat_ipv6_register().  Writes @p
 * count of them, at most @p count_max, each with @p port, the best one first (RFC 6724).  At the
 * deadline the answer of one family is enough.  If @p name is an address, no server is asked.  The
 * call takes up to 4.1 KiB of the stack of its task.  Errors: those of leat_lookup_fn and
 * leat_lookup_start(); LEAT_ERR_FORMAT (an illegal name).
 */
enum leat_err leat_task_resolve(struct leat_task *task, struct leat_resolver *resolver,
                                const char *name, uint16_t port, struct leat_endpoint *ends,
                                unsigned count_max, unsigned *count, uint64_t deadline_ns);

/** As leat_task_resolve(); also tells why there are no addresses.  @p why is filled in if the error
 * is one of leat_lookup_fn's, or the deadline's, and is for leat_lookup_failure_format(). */
enum leat_err leat_task_resolve_why(struct leat_task *task, struct leat_resolver *resolver,
                                    const char *name, uint16_t port, struct leat_endpoint *ends,
                                    unsigned count_max, unsigned *count, uint64_t deadline_ns,
                                    struct leat_lookup_failure *why);

#ifdef __cplusplus
}
#endif
#endif

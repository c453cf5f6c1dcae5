/*
 * http_flow.h -- requests of HTTP answered by tasks (task.h): a function in a straight line reads
 * the body, waits for what it needs, and writes the reply.
 *
 * A route of http_server.h leads to a handler, LEAT_HTTP_TASK_ROUTE(); each of its requests gets a
 * task.  Tasks are a bounded number (leat_tasks_config.tasks): where all are taken a request waits
 * for one, its body with the client, or is told to come again (503).  A request that is over ends
 * its task: once the client is gone, or the handler's time is, each wait says LEAT_ERR_CANCELLED.
 *
 * Outcomes beside those of task.h, of every call: what became of the request if it ended without
 * the task (on_failed of http_exchange.h).
 */
#ifndef LEAT_HTTP_FLOW_H
#define LEAT_HTTP_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/http_exchange.h>
#include <leat/task.h>
#include <leat/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_http_handler;

/** A request in the hands of a task; it lies on that one's stack.  For the program to look at:
 * `exchange`, to ask what was asked for (leat_http_request_path(), ...), and `why`. */
struct leat_http_flow {
    struct leat_http_flow *self;         /**< private, and the first: who is told of the request */
    struct leat_http_exchange *exchange; /**< NULL once it is over */
    enum leat_err why;                   /**< how it ended, if it did so without the task */
    struct leat_http_handler *handler;   /**< whose request it is */
    struct leat_task *owner;             /**< private, as the rest: whose it is */
    struct leat_task *reader;            /**< who waits for text */
    struct leat_task *writer;            /**< who waits for room */
    struct leat_timer timer;             /**< for the handler's time */
    uint64_t left;                       /**< bytes that the reply may still have */
    uint32_t unconsumed;                 /**< bytes handed out */
    bool begun;                          /**< the reply has */
};

/**
 * What a task does with a request.  LEAT_OK: the reply is whole.  Any other value: the connection
 * is ended if the reply has begun; else the reply is 503 if the task was cancelled or had no
 * memory, and 500 for all else, LEAT_OK without a reply among it.  Children that use the flow must
 * have been joined.
 */
typedef enum leat_err leat_http_serve_fn(struct leat_task *task, struct leat_http_flow *flow,
                                         void *arg);

/** What answers requests by tasks.  The program fills in the first part, and keeps it as long as
 * the server is open. */
struct leat_http_handler {
    const char *name;          /**< of its tasks */
    leat_http_serve_fn *serve; /**< called in a task for each request */
    void *arg;                 /**< its last argument */
    uint64_t time_ns;          /**< a task may take for a request, its sleeps included; 0: any */
    bool refuse;               /**< 503 where no task is free; else a request waits for one, as many
                                    at a time as leat_tasks_config.waiting says, connections of
                                    leat_task_serve() among them; then 503 */
    bool displace;             /**< where all tasks are taken, a request of an address that has none
                                    cancels the one of another that has gone on least lately, though
                                    that has no more; and one's own that has stood still for a second */
    struct leat_tasks *tasks;  /**< private, as the next */
    struct leat_http_handler *next; /**< the next of these */
};

/** From now on @p handler's requests are answered by @p tasks, which are of the server's stack,
 * until leat_tasks_close(); before and after that with 503. */
void leat_http_handler_open(struct leat_http_handler *handler, struct leat_tasks *tasks);

/** @name What the server calls, by a route
 * @{ */
/** For `on_request`. */
void leat_http_handler_on_request(struct leat_http_exchange *exchange, void *handler);
/** For `on_body`. */
void leat_http_handler_on_body(struct leat_http_exchange *exchange, void *flow);
/** For `on_writable`. */
void leat_http_handler_on_writable(struct leat_http_exchange *exchange, void *flow);
/** For `on_failed`. */
void leat_http_handler_on_failed(struct leat_http_exchange *exchange, enum leat_err why,
                                 void *flow);
/** @} */

/** The initializer of a route (struct leat_http_route) to @p handler_; a comma and more members may
 * follow in it. */
#define LEAT_HTTP_TASK_ROUTE(path_, methods_, handler_)                                            \
    .path = (path_), .methods = (methods_), .on_request = leat_http_handler_on_request,            \
    .on_body = leat_http_handler_on_body, .on_writable = leat_http_handler_on_writable,            \
    .on_failed = leat_http_handler_on_failed, .arg = (handler_)

/**
 * What has come of the body, at least a byte: the very buffers, which are the program's.  The
 * client's window opens by as much when the body is read again, or the request is over.
 * LEAT_ERR_END: the body is over.
 */
enum leat_err leat_http_flow_read(struct leat_http_flow *flow, struct leat_buf **text,
                                  uint64_t deadline_ns);

/** Copies the body, to its end, at most @p size bytes; @p len is how much it is, on errors too.
 * LEAT_ERR_TOO_BIG: it has more; they aren't read any more. */
enum leat_err leat_http_flow_read_all(struct leat_http_flow *flow, void *bytes, size_t size,
                                      size_t *len, uint64_t deadline_ns);

/** Begins the reply, once, as leat_http_reply().  Never waits. */
enum leat_err leat_http_flow_reply(struct leat_http_flow *flow, const struct leat_http_head *head);

/** Copies all @p len bytes into the reply, waiting for room where there is none.
 * LEAT_ERR_TOO_BIG: more than its head has said. */
enum leat_err leat_http_flow_write(struct leat_http_flow *flow, const void *bytes, size_t len,
                                   uint64_t deadline_ns);

/** The same for a list of buffers, without a copy; takes it, whatever is returned.
 * LEAT_ERR_MEMORY: @p text is NULL, so the result of an allocation may be passed on as it is. */
enum leat_err leat_http_flow_send(struct leat_http_flow *flow, struct leat_buf *text,
                                  uint64_t deadline_ns);

/** A whole reply, as leat_http_answer(): @p bytes must not move or change.  Never waits; the
 * request is over. */
enum leat_err leat_http_flow_answer(struct leat_http_flow *flow, const struct leat_http_head *head,
                                    const void *bytes, uint32_t len);

#ifdef __cplusplus
}
#endif
#endif

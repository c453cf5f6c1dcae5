/*
 * http_flow.h -- HTTP requests answered by tasks (task.h): a straight-line function reads the body,
 * waits for data, and writes the reply.
 *
 * A route of http_server.h leads to a handler, LEAT_HTTP_TASK_ROUTE(); each of its requests gets a
 * task.  The number of tasks is bounded (leat_tasks_config.tasks).  While all are taken a request
 * waits for one, and its body stays with the client; or it gets 503.  When a request ends, so does
 * its task: after the client is gone, or the handler's time is up, each wait returns
 * LEAT_ERR_CANCELLED.
 *
 * Every call may also return the outcomes of task.h, and the reason why the request failed (see
 * on_failed of http_exchange.h).
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

/** A request that is used by a task; it lies on the task's stack.  The program may use `exchange`,
 * to read the request (leat_http_request_path(), ...), and `why`. */
struct leat_http_flow {
    struct leat_http_flow *self; /**< private; first: callbacks of the server find it here */
    struct leat_http_exchange *exchange; /**< NULL once it is over */
    enum leat_err why;                   /**< the reason, if the request failed */
    struct leat_http_handler *handler;   /**< the handler of its route */
    struct leat_task *owner;             /**< private, as the rest: the task of the request */
    struct leat_task *reader;            /**< the task that waits for data */
    struct leat_task *writer;            /**< the task that waits for room */
    struct leat_timer timer;             /**< for the handler's time */
    uint64_t left;                       /**< bytes that the reply may still have */
    uint32_t unconsumed;                 /**< bytes handed out */
    bool begun;                          /**< the reply has begun */
};

/**
 * Answers a request, in a task.  LEAT_OK: the reply is complete.  After any other value the
 * connection is ended if the reply has begun.  Otherwise the reply is 503 if the task was cancelled
 * or had no memory, and 500 in all other cases (LEAT_OK without a reply, too).  Children that use
 * the flow must have been joined.
 */
typedef enum leat_err leat_http_serve_fn(struct leat_task *task, struct leat_http_flow *flow,
                                         void *arg);

/** Answers the requests of its routes by tasks.  The program fills in the first part, and keeps the
 * struct as long as the server is open. */
struct leat_http_handler {
    const char *name;          /**< of its tasks */
    leat_http_serve_fn *serve; /**< called in a task for each request */
    void *arg;                 /**< its last argument */
    uint64_t time_ns;          /**< limit for a task, including its sleeps; 0: none */
    bool refuse;   /**< answer 503 when no task is free.  Otherwise requests wait for one,
                        together with connections of leat_task_serve() at most
                        leat_tasks_config.waiting at a time; more get 503 */
    bool displace; /**< while all tasks are taken, a request of an address without a task cancels
                        the one that made progress least recently, even if that is the only task
                        of its address.  A request of an address with a task may cancel one of
                        its own that made no progress for a second */
    struct leat_tasks *tasks;       /**< private, as the next */
    struct leat_http_handler *next; /**< the next of these */
};

/** From now on @p tasks, which are of the server's stack, answer the requests of @p handler, until
 * leat_tasks_close().  Before and after that they get 503. */
void leat_http_handler_open(struct leat_http_handler *handler, struct leat_tasks *tasks);

/** @name Callbacks of the route
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

/** The initializer of a route (struct leat_http_route) to @p handler_; further members may follow
 * after a comma. */
#define LEAT_HTTP_TASK_ROUTE(path_, methods_, handler_)                                            \
    .path = (path_), .methods = (methods_), .on_request = leat_http_handler_on_request,            \
    .on_body = leat_http_handler_on_body, .on_writable = leat_http_handler_on_writable,            \
    .on_failed = leat_http_handler_on_failed, .arg = (handler_)

/**
 * Waits for data of the body, and returns all that there is, at least a byte, in the receive
 * buffers themselves; they belong to the program.  The client's window opens by as much when the
 * body is read again, or the request is over.  LEAT_ERR_END: the body is over.
 */
enum leat_err leat_http_flow_read(struct leat_http_flow *flow, struct leat_buf **data,
                                  uint64_t deadline_ns);

/** Copies the whole rest of the body, at most @p size bytes; @p len is the number copied, on errors
 * too.  LEAT_ERR_TOO_BIG: it has more, which is not read. */
enum leat_err leat_http_flow_read_all(struct leat_http_flow *flow, void *bytes, size_t size,
                                      size_t *len, uint64_t deadline_ns);

/** Begins the reply, once, as leat_http_reply().  Never waits. */
enum leat_err leat_http_flow_reply(struct leat_http_flow *flow, const struct leat_http_head *head);

/** Copies all @p len bytes into the reply, and waits for room when its queue is full.
 * LEAT_ERR_TOO_BIG: more than the head's `len`. */
enum leat_err leat_http_flow_write(struct leat_http_flow *flow, const void *bytes, size_t len,
                                   uint64_t deadline_ns);

/** leat_http_flow_write() for a list of buffers, without a copy; takes it, whatever is returned.
 * LEAT_ERR_MEMORY: @p data is NULL, so the result of an allocation may be passed on as it is. */
enum leat_err leat_http_flow_send(struct leat_http_flow *flow, struct leat_buf *data,
                                  uint64_t deadline_ns);

/** Sends a whole reply, as leat_http_answer(): @p bytes must not move or change.  Never waits; the
 * request is over. */
enum leat_err leat_http_flow_answer(struct leat_http_flow *flow, const struct leat_http_head *head,
                                    const void *bytes, uint32_t len);

#ifdef __cplusplus
}
#endif
#endif

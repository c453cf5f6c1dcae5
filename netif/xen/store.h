/*
 * store.h -- a client of xenstore: one request at a time, and nothing waits.
 *
 * The drivers of a guest share one client.  Each request has an owner, and another one's is taken
 * only after that owner has let go of its answer.
 *
 * Requests and answers are streams of bytes in a shared page (Xen, public/io/xs_wire.h).  Our own
 * two indices are never read back from there; the other two are read once and checked.  An answer
 * is kept as far as it fits, and the rest is read past.  A store that breaks the rules becomes
 * `broken` and is asked no more; one that stays silent is left to its caller's time limit.
 */
#ifndef XEN_STORE_H
#define XEN_STORE_H

#include "machine.h"

enum {
    XEN_STORE_RING_BYTES = 1024,
    XEN_STORE_PAYLOAD_MAX = 4096,
    XEN_STORE_PATH_MAX = 160,
    XEN_STORE_VALUE_MAX = 128 /* of an answer that is kept, and of a value that is written */
};

/* The shared page. */
struct xen_store_ring {
    uint8_t requests[XEN_STORE_RING_BYTES];
    uint8_t answers[XEN_STORE_RING_BYTES];
    uint32_t request_consumed, request_produced; /* xenstored's, ours */
    uint32_t answer_consumed, answer_produced;   /* ours, xenstored's */
};

enum xen_store_type { /* enum xsd_sockmsg_type */
    XEN_STORE_READ = 2,
    XEN_STORE_WATCH = 4,
    XEN_STORE_WRITE = 11,
    XEN_STORE_WATCH_EVENT = 15,
    XEN_STORE_ERROR = 16
};

/* In front of every message; struct xsd_sockmsg. */
struct xen_store_head {
    uint32_t type;
    uint32_t request;
    uint32_t transaction;
    uint32_t len;
};

enum xen_store_state {
    XEN_STORE_IDLE,
    XEN_STORE_ASKED,    /* no answer yet */
    XEN_STORE_ANSWERED, /* `answer` has it */
    XEN_STORE_REFUSED   /* `answer` has the error's name */
};

struct xen_store {
    struct xen_machine *machine;
    const void *owner; /* of the last request; NULL: it has been released */
    enum xen_store_state state;
    bool broken;                   /* it broke the rules */
    uint32_t request;              /* number of the last one */
    uint32_t watch_events;         /* that came so far */
    uint32_t produced, consumed;   /* our two indices */
    uint16_t out_len, out_sent;    /* of the request that is on its way */
    uint16_t head_len, answer_len; /* of the message that is coming */
    uint32_t body_left;            /* its bytes that have not come */
    struct xen_store_head head;
    uint8_t out[sizeof(struct xen_store_head) + XEN_STORE_PATH_MAX + XEN_STORE_VALUE_MAX];
    char answer[XEN_STORE_VALUE_MAX + 1]; /* NUL-terminated */
    bool answer_was_cut;
};

void xen_store_open(struct xen_store *store, struct xen_machine *machine);

/* Begins a request of @owner's.  @value: of a write, the token of a watch, or NULL.  An earlier
 * request of the same owner that has no answer yet is given up: its answer will be passed over.
 * False: the store is broken, it hasn't taken the last request, another owner has it, or the
 * request is too long. */
bool xen_store_ask(struct xen_store *store, const void *owner, enum xen_store_type type,
                   const char *path, const char *value);

/* Lets others ask, if @owner has the store.  An answer stays readable until the next request. */
void xen_store_release(struct xen_store *store, const void *owner);

/* Sends and receives what is possible without waiting. */
enum xen_store_state xen_store_poll(struct xen_store *store);

/* True if xen_store_poll() has something to do. A ring that is full of requests is not looked at
 * again before the store has taken some. */
bool xen_store_is_due(const struct xen_store *store);

#endif

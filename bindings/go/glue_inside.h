/* glue_inside.h -- items of glue.h, and what leat refers to. */
#ifndef LEAT_GLUE_INSIDE_H
#define LEAT_GLUE_INSIDE_H

#include <leat/tls.h>

#include "glue.h"

enum glue_kind {
    GLUE_STREAM,
    GLUE_LISTENER,
    GLUE_UDP,
    GLUE_CONNECT,
    GLUE_LOOKUP
};

/* Datagrams that wait for a reader; further ones are dropped. */
enum {
    GLUE_QUEUE = 256
};

struct glue_datagram {
    struct leat_buf *data; /* NULL: an error */
    enum leat_err err;
    struct leat_endpoint peer;
};

/* The memory of one identity or one set of authorities; kept until the stack is closed. */
struct glue_secret {
    struct glue_secret *next;
    struct leat_tls_identity identity;
    struct leat_crypto_anchors anchors;
    bool is_identity;
    size_t len;
    uint8_t text[]; /* the texts, for the comparison; then room for certificates */
};

struct glue_item {
    struct glue *glue;
    enum glue_kind kind;
    uint64_t number;
    unsigned events;
    bool is_listed;     /* in the list of events */
    bool is_owned;      /* by the caller */
    bool is_live;       /* leat refers to it */
    bool is_open;       /* the caller may use it */
    bool is_ended;      /* our side of the stream */
    enum leat_err err;  /* why it isn't open */
    const char *detail; /* static, or text; NULL: none */
    char *text;
    struct glue_item *next_event;
    struct glue_item *next, **back; /* the list of live items */
    struct leat_stream stream;
    struct leat_endpoint local, remote;
    struct leat_buf *rest;          /* data that had arrived when the stream closed */
    struct leat_tls_client *client; /* of a session; NULL: none */
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;
    struct glue_datagram *queue;
    unsigned first, count;    /* in the queue */
    enum leat_err socket_err; /* what the last glue_receive() failed with */
    struct leat_connecting *connecting;
    struct leat_tcp *conn; /* of a connect that is done and not taken; NULL: it has ended */
    bool is_done;          /* a connect that has, or had, a connection */
    struct leat_lookup *lookup;
    struct leat_ip *found;
    unsigned found_count;
};

struct glue {
    struct glue_state state;
    int kick;           /* a descriptor of events; 0: glue_wait_open() was not called */
    uint32_t is_kicked; /* atomic */
    uint32_t is_ended;  /* glue_watch() returns; atomic */
    struct leat *stack;
    struct leat_posix *posix;
    struct leat_host *host;
    struct leat_netif *netif;
    struct leat_socket *socket;
    struct leat_tap *tap;
    void *memory;
    struct leat_resolver *resolver;
    void *resolver_memory;
    struct leat_connect_config names;
    char *texts[2];
    struct leat_crypto crypto;
    bool has_crypto;
    struct leat_tls *tls;
    void *tls_memory;
    struct glue_secret *secrets;
    const struct leat_tls_identity *identities[16];
    uint16_t identity_count;
    unsigned items; /* that exist */
    bool is_over;   /* the last item frees the stack */
    struct glue_item *live;
    struct glue_item *first_event, **last_event;
};

extern const struct leat_tcp_events glue_stream_events;

/* An item that leat refers to. NULL: no memory. */
struct glue_item *glue_item_new(struct glue *glue, enum glue_kind kind, uint64_t number);
/* A stream. NULL: no memory; then it is aborted. */
struct glue_item *glue_stream_new(struct glue *glue, uint64_t number, struct leat_stream stream);
void glue_tell(struct glue_item *item, unsigned events);
/* leat does not refer to it any more. */
void glue_item_dead(struct glue_item *item);
/* The caller may not use it any more; whatever waits for it is told. */
void glue_item_lost(struct glue_item *item, enum leat_err err, const char *detail);
/* Closes sessions, and then what they use. */
void glue_tls_close_sessions(struct glue *glue);
void glue_tls_close(struct glue *glue);

#endif

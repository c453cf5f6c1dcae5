/*
 * tls_end.h -- an end of TLS to throw things at: a session on a pipe, its program, and limits small
 * enough to be reached.  Cryptography always agrees (agreeable.h).
 *
 * The program demands that what it is handed is the data of records whose tag was right, in order.
 */
#ifndef TLS_END_H
#define TLS_END_H

#include "agreeable.h"
#include "pipe.h"

#include <leat/tls.h>

/* How an end is, or-ed. */
enum tls_end_option {
    TLS_END_CLIENT = 1,
    TLS_END_COOKIES = 2, /* a server asks for one */
    TLS_END_TICKET = 4,  /* a client offers one; a server gives none */
    TLS_END_HYBRID = 8,  /* shares are long */
    TLS_END_NARROW = 16, /* the stream below takes little */
    TLS_END_HOLD = 32,   /* the program doesn't read */
    TLS_END_FEW_BUFFERS = 64,
    TLS_END_PROTOCOLS = 128, /* ALPN */
    TLS_END_EARLY = 256      /* a server takes early data; a client sends some, with a ticket */
};

enum {
    TLS_END_HELLO_BYTES = 100,  /* the program says at once */
    TLS_END_EARLY_BYTES = 1000, /* a server takes; a client has one more */
    TLS_END_TICKET_BYTES = 146  /* of tls_end_ticket() */
};

struct tls_end {
    struct agreeable crypto;
    struct leat_tls_client client;
    struct leat_tls_ticket ticket;
    struct leat_tls *tls;
    void *memory;
    struct leat_stream stream; /* the session, until it is closed */
    struct pipe_end pipe[2];   /* the session's end, and the wire */
    uint32_t heard;
    uint32_t early; /* bytes of early data that the server has taken */
    uint16_t options;
    bool open, closed, greets;
    /* told of every transition; NULL: nobody is */
    void (*watch)(void *arg, uint8_t state, uint8_t event, uint8_t next);
    void *watcher;
};

/* Aborts, and says what isn't so. */
#define demand(condition) tls_end_demand((condition), #condition)
void tls_end_demand(bool condition, const char *what);

/* A stack without a device; few buffers: 24. */
void tls_world_open(bool few_buffers);
void tls_world_poll(void);
void tls_world_wait(uint64_t ns);
/* Demands that all buffers are back. */
void tls_world_close(void);

/* Begins a session; @options are enum tls_end_option.  With @greets the program has something to
 * say. */
void tls_end_open(struct tls_end *end, uint16_t options, bool greets);
/* A ticket that a server that takes early data has given now. */
void tls_end_ticket(uint8_t ticket[TLS_END_TICKET_BYTES]);
/* Something that a program may do, one of many. */
void tls_end_act(struct tls_end *end, uint8_t what);
/* What an end has sent, at most @max bytes; how many. */
uint32_t tls_end_sent(struct tls_end *end, uint8_t *bytes, uint32_t max);
/* Bytes come, in pieces of @piece, as far as there is room. */
void tls_end_feed(struct tls_end *end, const uint8_t *bytes, uint32_t len, uint32_t piece);
/* The same of a record whose @len bytes of data lie behind the place of its header, with room for
 * what @sealed puts behind them. */
void tls_end_feed_record(struct tls_end *end, uint8_t *record, uint32_t len, uint8_t type,
                         bool sealed, uint32_t piece);
/* Nobody says any more: demands that what is not open ends.  Then ends it, by the program's word
 * or, with @at_once, with all of TLS, and demands that nothing is left. */
void tls_end_close(struct tls_end *end, bool at_once);

#endif

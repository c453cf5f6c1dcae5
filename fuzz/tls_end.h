/*
 * tls_end.h -- a TLS end that inputs are fed to: a session on a pipe, its program, and limits that
 * are small enough to be reached. Cryptography always succeeds (agreeable.h).
 *
 * The program checks that it receives only data of records whose tag was right, in order.
 */
#ifndef TLS_END_H
#define TLS_END_H

#include "agreeable.h"
#include "pipe.h"

#include <leat/tls.h>

/* Options of an end; a bit mask. */
enum tls_end_option {
    TLS_END_CLIENT = 1,
    TLS_END_COOKIES = 2, /* a server requests one */
    TLS_END_TICKET = 4,  /* a client offers one; a server issues none */
    TLS_END_HYBRID = 8,  /* key shares are long */
    TLS_END_NARROW = 16, /* the stream below accepts little */
    TLS_END_HOLD = 32,   /* the program doesn't read */
    TLS_END_FEW_BUFFERS = 64,
    TLS_END_PROTOCOLS = 128, /* ALPN */
    TLS_END_EARLY = 256      /* a server accepts early data; a client with a ticket sends some */
};

enum {
    TLS_END_HELLO_BYTES = 100,  /* the program sends this much at once */
    TLS_END_EARLY_BYTES = 1000, /* limit of the server; a client sends one byte more */
    TLS_END_TICKET_BYTES = 146  /* of tls_end_ticket() */
};

struct tls_end {
    struct agreeable crypto;
    struct leat_tls_client client;
    struct leat_tls_ticket ticket;
    struct leat_tls *tls;
    void *memory;
    struct leat_stream stream; /* the session, until it is closed */
    struct pipe_end pipe[2];   /* the session's end, and the other one */
    uint32_t heard;
    uint32_t early; /* bytes of early data that the server has accepted */
    uint16_t options;
    bool open, closed, greets;
    /* called at every transition; may be NULL */
    void (*watch)(void *arg, uint8_t state, uint8_t event, uint8_t next);
    void *watcher;
};

/* Aborts, and prints the condition, if it is false. */
#define demand(condition) tls_end_demand((condition), #condition)
void tls_end_demand(bool condition, const char *what);

/* A stack without a device; few buffers: 24. */
void tls_world_open(bool few_buffers);
void tls_world_poll(void);
void tls_world_wait(uint64_t ns);
/* Demands that all buffers are back. */
void tls_world_close(void);

/* Begins a session; @options are enum tls_end_option. With @greets the program sends data first. */
void tls_end_open(struct tls_end *end, uint16_t options, bool greets);
/* Makes a ticket as a server that accepts early data issues it when it was just opened: its time
 * since the seal was made is 0. */
void tls_end_ticket(uint8_t ticket[TLS_END_TICKET_BYTES]);
/* Performs an act of the program. */
void tls_end_act(struct tls_end *end, uint8_t what);
/* Takes at most @max bytes that an end has sent; returns their number. */
uint32_t tls_end_sent(struct tls_end *end, uint8_t *bytes, uint32_t max);
/* Delivers bytes in pieces of @piece, as far as there is room. */
void tls_end_feed(struct tls_end *end, const uint8_t *bytes, uint32_t len, uint32_t piece);
/* Delivers a record. Its @len bytes of plaintext lie after room for its header, and before
 * room for the bytes that @sealed adds. */
void tls_end_feed_record(struct tls_end *end, uint8_t *record, uint32_t len, uint8_t type,
                         bool sealed, uint32_t piece);
/* The peer is silent from now on: a session that is not open must end. Then ends the session,
 * by the program or, with @at_once, with all of TLS, and demands that nothing is left. */
void tls_end_close(struct tls_end *end, bool at_once);

#endif

/*
 * connect.h -- connects to a host by its name: whichever of its addresses opens first wins.
 *
 * "Happy eyeballs" (RFC 8305): addresses of both families are asked for at once and tried by turns,
 * IPv6 first, the next one when the last has failed or 250 ms have passed.  The first connection
 * that opens is the program's; the others are reset.
 */
#ifndef LEAT_CONNECT_H
#define LEAT_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/dns.h>
#include <leat/err.h>
#include <leat/resolver.h>
#include <leat/stack.h>
#include <leat/tcp.h>
#include <leat/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_CONNECT_TRIES_MAX = 8,    /**< addresses that are tried; others are left out */
    LEAT_CONNECT_HOST_BYTES = 256, /**< of a host's name, the final NUL included */
    LEAT_CONNECT_TEXT_BYTES = 1024 /**< of leat_connect_format(), the final NUL included */
};

/** How names become addresses, and when these are tried.  Every 0 means the default that is named
 * beside it. */
struct leat_connect_config {
    struct leat_resolver *resolver; /**< NULL: only what hosts knows is found */
    const char *hosts;  /**< the text of a hosts file: lines of an address and its names; '#'
                             begins a comment; NULL: none.  What it knows is not asked for */
    const char *search; /**< domains with spaces between them, added to a name without a final
                             dot as long as there is no such name; NULL: none */
    uint8_t ndots;      /**< a name with so many dots is tried as it is first, others last: 1 */
    bool no_ipv6;       /**< IPv6 addresses are neither asked for nor tried */
    uint64_t resolution_delay_ns; /**< how long IPv4 addresses wait for IPv6 ones: 50 ms */
    uint64_t attempt_delay_ns;    /**< from one try to the next: 250 ms; at least 10 ms */
};

/** What has become of a try. */
enum leat_connect_state {
    LEAT_CONNECT_WAITS,     /**< its turn has not come */
    LEAT_CONNECT_UNDER_WAY, /**< no answer yet */
    LEAT_CONNECT_OVER       /**< its err says how */
};

struct leat_connecting;

/** One address. */
struct leat_connect_try {
    struct leat_endpoint remote;        /**< whom it is about */
    enum leat_connect_state state;      /**< how far it is */
    enum leat_err err;                  /**< how it ended: LEAT_OK, it opened */
    struct leat_tcp *conn;              /**< private, as the next */
    struct leat_connecting *connecting; /**< whose */
};

/**
 * The outcome; called once, from leat_poll().  LEAT_OK: @p conn is open and the program's, which
 * sets its callbacks now by leat_tcp_set_events().  Else it is NULL, and @p err is what became of
 * the last try that ended; LEAT_ERR_TIMEOUT at the deadline; without any address what the lookups
 * said (LEAT_ERR_NOT_FOUND, ...).  The tries are there to be looked at until leat_connect() is
 * called again.
 */
typedef void leat_connect_fn(struct leat_connecting *connecting, enum leat_err err,
                             struct leat_tcp *conn, void *arg);

/** A lookup of one family; private. */
struct leat_connect_lookup {
    struct leat_connecting *connecting; /**< whose */
    struct leat_lookup *lookup;         /**< NULL: it is over, or was none */
    enum leat_err err;                  /**< how it ended */
};

/**
 * A connection that is about to be made; the program's memory, which must stay where it is until
 * on_done or leat_connect_cancel().  The program sets the first two; it may look at the next three.
 */
struct leat_connecting {
    leat_connect_fn *on_done;                              /**< the program's, as the next */
    void *arg;                                             /**< for on_done */
    char host[LEAT_CONNECT_HOST_BYTES];                    /**< as it was given */
    uint8_t try_count;                                     /**< in tries */
    struct leat_connect_try tries[LEAT_CONNECT_TRIES_MAX]; /**< in the order in which they came */
    struct leat *stack;                                    /**< private, as all that follows */
    const struct leat_connect_config *config;              /**< the program's */
    struct leat_connect_lookup lookups[2];                 /**< of IPv6 addresses, and IPv4 */
    struct leat_dns_name host_name;                        /**< host, read */
    struct leat_dns_name name;                             /**< what is being looked up */
    struct leat_timer timer;                               /**< the next try, or the deadline */
    uint64_t deadline_ns;                                  /**< of the whole */
    uint64_t next_ns;                                      /**< no try begins before */
    uint16_t port;                                         /**< of all tries */
    uint16_t candidate;                                    /**< names that were looked up before */
    enum leat_err err;                                     /**< of the last try that ended */
    bool asks;                                             /**< names are looked up at all */
    bool last_was_ipv6;                                    /**< the last try that began */
    bool runs;                                             /**< on_done is to be called */
    bool probes; /**< a try found no way while an address of ours was being checked */
};

/**
 * Begins to connect to @p host (copied), a name or an address written as one, at @p port; ends at
 * @p deadline_ns of the clock of leat_poll().  @p config must stay until the end.
 *
 * "localhost" and names below it are the machine itself (RFC 6761 6.3).
 * Errors: LEAT_ERR_FORMAT (no legal name: empty, or over 255 bytes, among others), LEAT_ERR_REFUSED
 * (below ".local", which is not DNS's: RFC 6762 3), LEAT_ERR_NOT_FOUND (there is no resolver),
 * LEAT_ERR_ARGUMENT (port 0, no on_done, an attempt delay below 10 ms).
 */
enum leat_err leat_connect(struct leat *stack, struct leat_connecting *connecting,
                           const struct leat_connect_config *config, const char *host,
                           uint16_t port, uint64_t deadline_ns);

/** Gives up without a word; does nothing to one that is over. */
void leat_connect_cancel(struct leat_connecting *connecting);

/**
 * Writes "www.example.com: 2001:db8::1 timed out; 192.0.2.1 connection refused", each try with what
 * became of it, and a NUL; returns the length without the NUL.  Without any try there is @p err.
 */
size_t leat_connect_format(const struct leat_connecting *connecting, enum leat_err err,
                           char text[LEAT_CONNECT_TEXT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif

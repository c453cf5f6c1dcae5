/*
 * connect.h -- connects to a host by its name; the first of its addresses that answers is used.
 *
 * This is "Happy eyeballs" (RFC 8305): addresses of both families are looked up at once and tried
 * alternately, IPv6 first.  The next try begins when the last one has failed or 250 ms have passed.
 * The first connection that opens is handed to the program; the others are reset.
 */
#ifndef LEAT_CONNECT_H
#define LEAT_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/dns.h>
#include <leat/err.h>
#include <leat/refusal.h>
#include <leat/resolver.h>
#include <leat/stack.h>
#include <leat/tcp.h>
#include <leat/timer.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_CONNECT_TRIES_MAX = 8,    /**< addresses that are tried; further ones are left out */
    LEAT_CONNECT_HOST_BYTES = 256, /**< of a host's name, the final NUL included */
    LEAT_CONNECT_TEXT_BYTES = 1024 /**< of leat_connect_format(), the final NUL included */
};

/** How names are looked up and addresses tried.  Every 0 means the default that is named beside
 * it. */
struct leat_connect_config {
    struct leat_resolver *resolver; /**< NULL: names are found in `hosts` only */
    const char *hosts;  /**< the text of a hosts file: lines of an address and its names; '#'
                             begins a comment; NULL: none.  Its names are not looked up by DNS */
    const char *search; /**< domains with spaces between them, appended to a name without a final
                             dot as long as there is no such name; NULL: none */
    uint8_t ndots;      /**< a name with at least so many dots is first tried as it is, any other
                             name with the search domains first: 1 */
    bool no_ipv6;       /**< IPv6 addresses are neither looked up nor tried */
    uint64_t resolution_delay_ns;     /**< how long IPv4 addresses wait for IPv6 ones: 50 ms */
    uint64_t attempt_delay_ns;        /**< from one try to the next: 250 ms; at least 10 ms */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** The state of a try. */
enum leat_connect_state {
    LEAT_CONNECT_WAITS,     /**< not begun */
    LEAT_CONNECT_UNDER_WAY, /**< no answer yet */
    LEAT_CONNECT_OVER       /**< its err is the outcome */
};

struct leat_connecting;

/** The try of one address. */
struct leat_connect_try {
    struct leat_endpoint remote;    /**< the address and port */
    enum leat_connect_state state;  /**< how far it is */
    enum leat_err err;              /**< the outcome; LEAT_OK: it opened */
    struct leat_unreachable report; /**< why packets didn't arrive; at_ns 0: not known */
    bool no_address;                /**< of LEAT_ERR_NO_ROUTE: we have no address of this family */
    uint64_t begun_ns;              /**< private, as the next two */
    struct leat_tcp *conn;          /**< the connection */
    struct leat_connecting *connecting; /**< the attempt that this try is part of */
};

/**
 * The outcome; called once, from leat_poll().  With LEAT_OK @p conn is open and belongs to the
 * program, which sets its callbacks now by leat_tcp_set_events().  Otherwise @p conn is NULL, and
 * @p err is the outcome of the last try that ended, LEAT_ERR_TIMEOUT at the deadline, or, without
 * any address, the error of the lookups (LEAT_ERR_NOT_FOUND, ...).  The tries may be read until
 * leat_connect() is called again.
 */
typedef void leat_connect_fn(struct leat_connecting *connecting, enum leat_err err,
                             struct leat_tcp *conn, void *arg);

/** A lookup of one family; private. */
struct leat_connect_lookup {
    struct leat_connecting *connecting; /**< the attempt that it is part of */
    struct leat_lookup *lookup;         /**< NULL: it has ended or was not begun */
    enum leat_err err;                  /**< the outcome */
    struct leat_refusal refusal;        /**< the last reply that wasn't taken */
};

/**
 * A connection attempt.  The program's memory, which must stay where it is until on_done or
 * leat_connect_cancel().  The program sets the first two members and may read the next three.
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
    uint64_t next_ns;                                      /**< the next try begins no earlier */
    uint16_t port;                                         /**< of all tries */
    uint16_t candidate;                                    /**< forms of the name already tried */
    enum leat_err err;                                     /**< of the last try that ended */
    bool asks;                                             /**< lookups are allowed */
    bool last_was_ipv6;                                    /**< the last try that began */
    bool runs;                                             /**< on_done has still to be called */
    bool probes; /**< a try found no route while one of our addresses was being checked */
};

/**
 * Begins to connect to @p host (copied), a name or the text of an address, at @p port.  Gives up at
 * @p deadline_ns of the clock of leat_poll().  @p config must stay until the end.
 *
 * "localhost" and names below it are the machine itself (RFC 6761 6.3).
 * Errors: LEAT_ERR_FORMAT (an illegal name, for example empty or over 255 bytes), LEAT_ERR_REFUSED
 * (below ".local", which does not belong to DNS: RFC 6762 3), LEAT_ERR_NOT_FOUND (there is no
 * resolver), LEAT_ERR_ARGUMENT (port 0, no on_done, an attempt delay below 10 ms).
 */
enum leat_err leat_connect(struct leat *stack, struct leat_connecting *connecting,
                           const struct leat_connect_config *config, const char *host,
                           uint16_t port, uint64_t deadline_ns);

/** Gives up without calling on_done; does nothing to an attempt that has ended. */
void leat_connect_cancel(struct leat_connecting *connecting);

/**
 * Writes each try with its outcome, and a NUL: "www.example.com: 2001:db8::1 timed out (no answer
 * from fe80::1 to neighbour discovery); 192.0.2.1 connection refused (RST)".  Without any try, @p
 * err is written, with the reply of a name server that wasn't taken.  Returns the length without
 * the NUL.
 */
size_t leat_connect_format(const struct leat_connecting *connecting, enum leat_err err,
                           char text[LEAT_CONNECT_TEXT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif

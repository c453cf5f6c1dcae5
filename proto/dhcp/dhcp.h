/*
 * dhcp.h -- the inside of a DHCPv4 client.
 *
 *      receive.c   a datagram: is it one of the exchange, and which event is it?
 *      lease.c     ... what does it grant, and can that be?
 *      timers.c    which time has come?
 *      events.c    the table of dhcp.rl, its only caller, and what its actions have asked for
 *      actions.c   the actions; send.c those that send
 *      client.c    what the program calls
 */
#ifndef DHCP_DHCP_H
#define DHCP_DHCP_H

#include <leat/dhcp.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "proto/dhcp/dhcp_fsm.h"
#include "link/address.h"
#include "stack.h"
#include "proto/wire/dhcp.h"

enum {
    DHCP_MESSAGE_BYTES = 1472, /* an Ethernet frame's; RFC 2131 2 demands 576 less the headers */
    DHCP_LONG_BYTES = 512,     /* of an option in pieces, put together */
    DHCP_CLIENT_ID_MAX = 64    /* bytes of our identifier */
};

struct leat_dhcp {
    struct leat *stack;
    struct link *link;
    struct leat_udp *udp;
    struct leat_dhcp_config config; /* with the defaults filled in */
    struct leat_dhcp_counts counts;
    struct leat_refusal refusal; /* of the last answer that wasn't taken */
    struct leat_timer timer;
    struct address_watch watch;
    uint8_t state;        /* enum dhcp_state */
    uint8_t tries;        /* messages of this state so far */
    uint8_t tries_max;    /* more is to give up */
    uint8_t failures;     /* attempts that ended with a NAK, a conflict or silence */
    bool has_address;     /* lease.ip is set in the stack, if it may not be used yet */
    bool has_lease;       /* what leat_dhcp_lease() gives */
    bool informs;         /* begun by leat_dhcp_inform() */
    uint16_t secs;        /* of the last DISCOVER, or what stands for it */
    uint32_t xid;         /* of the exchange, or the one before */
    leat_ip4 server_want; /* replies of this server only; IP4_ANY: of any */
    leat_ip4 ip_want;     /* replies with this address only */
    uint64_t begun_ns;    /* nobody has answered since */
    uint64_t asked_ns;    /* when the request was sent that the lease is counted from */
    /* what is to come, or LEAT_NEVER_NS */
    uint64_t wait_ns, rexmt_ns, t1_ns, t2_ns, expires_ns;
    struct leat_dhcp_lease lease;
    struct leat_dhcp_lease read; /* what the last message grants */
    uint8_t option[DHCP_LONG_BYTES];
    uint8_t message[DHCP_MESSAGE_BYTES];
};

enum dhcp_note {
    DHCP_NOTE_ASK = 1 << 0,    /* does the program want dhcp->lease? */
    DHCP_NOTE_FAILED = 1 << 1, /* the stack can't have the address */
    DHCP_NOTE_TELL = 1 << 2    /* step->news */
};

/* What actions leave behind for dhcp_event(). */
struct dhcp_step {
    uint8_t notes;            /* enum dhcp_note */
    enum leat_dhcp_news news; /* of DHCP_NOTE_TELL */
    bool with_lease;          /* ... it is about dhcp->lease */
};

/* Takes @event through the table, and what follows from it; then calls the program, if it is to
 * hear of it. */
void dhcp_event(struct leat_dhcp *dhcp, enum dhcp_event event);

/* For the socket; @arg is the client. */
void dhcp_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                      const struct leat_endpoint *peer, const struct leat_endpoint *local,
                      void *arg);

/* For the timer; @arg is the client. */
void dhcp_on_time(struct leat_timer *timer, void *arg);

/* Sets the timer to the first of the times. */
void dhcp_set_timer(struct leat_dhcp *dhcp);

/* Nothing is to come. */
void dhcp_forget_times(struct leat_dhcp *dhcp);

/* @base_ns, give or take a quarter. */
uint64_t dhcp_jitter_ns(struct leat_dhcp *dhcp, uint64_t base_ns);

/* The wait for the answer to the message after @tries others. */
uint64_t dhcp_retry_ns(struct leat_dhcp *dhcp, unsigned tries);

/* Writes who we are, as option 61 says it; returns its length. */
uint32_t dhcp_client_id(const struct leat_dhcp *dhcp, uint8_t id[DHCP_CLIENT_ID_MAX]);

/* What is wrong with what a server says. */
enum dhcp_flaw {
    DHCP_SOUND,
    DHCP_FLAW_ADDRESS, /* none that a host can have */
    DHCP_FLAW_EDGE,    /* the first or the last one of its network */
    DHCP_FLAW_TIME
};

/* Reads what @message of @server grants to dhcp->read; an answer to INFORM has neither address nor
 * times. */
enum dhcp_flaw dhcp_lease_read(struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                               const struct wire_dhcp_options *options, leat_ip4 server);

/* Copies a name of option @code to @text; "" if it is missing, too long, or holds other bytes than
 * a name of a host can. */
void dhcp_name_read(const struct wire_dhcp_options *options, uint8_t code,
                    char text[LEAT_DHCP_NAME_BYTES]);

/* Reads the search list, @len bytes of names (RFC 3397, RFC 1035 4.1.4), to @text.  False: it is
 * malformed. */
bool dhcp_search_read(const uint8_t *bytes, uint32_t len, char text[LEAT_DHCP_NAME_BYTES]);

#endif

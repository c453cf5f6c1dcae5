/*
 * dhcp6.h -- the inside of a DHCPv6 client.
 *
 *      receive6.c  a datagram: does it answer what we asked, and which event is it?
 *      lease6.c    ... what does it grant, and can that be?
 *      facts6.c    ... and what else does it say?
 *      timers6.c   which time has come; the waits of RFC 8415 15
 *      events6.c   the table of dhcp6.rl, its only caller, and what its actions have asked for
 *      actions6.c  the actions; send6.c those that send
 *      client6.c   what the program calls
 *
 * One exchange is open at a time: `awaits` is the message that we have sent, 0 if no answer would
 * mean anything.
 */
#ifndef DHCP_DHCP6_H
#define DHCP_DHCP6_H

#include <leat/dhcp6.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "proto/dhcp/dhcp6_fsm.h"
#include "link/address.h"
#include "stack.h"
#include "proto/wire/dhcp6.h"

enum {
    DHCP6_MESSAGE_BYTES = 512,   /* ours are shorter */
    DHCP6_RECEIVED_BYTES = 1452, /* an Ethernet frame's */
    DHCP6_DUID_LL_BYTES = 10,
    DHCP6_PREFERENCE_MAX = 255
};

struct dhcp6_duid {
    uint8_t len;
    uint8_t bytes[DHCP6_DUID_MAX];
};

/* The clients of a stack. */
struct dhcp6_clients {
    struct leat_udp *udp; /* for all: the zone tells whose a datagram is */
    struct leat_dhcp6 *all;
    uint8_t count;
    uint8_t open;
    uint8_t received[DHCP6_RECEIVED_BYTES]; /* a message in pieces */
};

/* RFC 8415 15 */
struct dhcp6_rexmt {
    uint64_t rt_ns; /* the wait so far; 0: nothing has been sent */
    uint64_t mrt_ns;
    uint64_t give_up_ns; /* MRD, or LEAT_NEVER_NS */
    uint8_t mrc;         /* 0: no limit */
};

struct leat_dhcp6 {
    struct leat *stack;
    struct link *link;
    struct leat_dhcp6_config config; /* with the defaults filled in */
    struct leat_dhcp6_counts counts;
    struct leat_timer timer;
    struct address_watch watch;
    uint8_t state;           /* enum dhcp6_state */
    uint8_t awaits;          /* enum dhcp6_message whose answer is awaited; 0: none */
    uint8_t tries;           /* messages of this exchange so far, 255 for more */
    uint8_t failures;        /* attempts that ended with a refusal, a conflict or silence */
    uint8_t read_preference; /* of the last message */
    uint8_t offer_preference;
    bool has_offer;   /* of `server`, of that preference */
    bool has_address; /* lease.ip is set in the stack, if it may not be used yet */
    bool has_lease;   /* what leat_dhcp6_lease() gives */
    uint32_t xid;
    uint32_t iaid;
    uint32_t sol_max_s; /* RFC 8415 21.24, 21.25 */
    uint32_t inf_max_s;
    struct dhcp6_rexmt rexmt;
    struct leat_ip offered;
    struct leat_ip kept;           /* of an earlier start, that we would like again; or "::" */
    struct dhcp6_duid duid;        /* ours */
    struct dhcp6_duid server;      /* that was chosen */
    struct dhcp6_duid read_server; /* of the last message */
    uint64_t begun_ns;             /* nobody has answered since */
    uint64_t first_ns;             /* when this exchange began */
    uint64_t asked_ns;             /* what a lease is counted from that is granted now */
    uint64_t leased_ns;            /* what our lease is counted from */
    /* what is to come, or LEAT_NEVER_NS */
    uint64_t wait_ns, rexmt_ns, t1_ns, t2_ns, expires_ns, refresh_ns;
    struct leat_dhcp6_lease lease;
    struct leat_dhcp6_lease read; /* what the last message says */
    char name[LEAT_DHCP6_SEARCH_BYTES];
    uint8_t message[DHCP6_MESSAGE_BYTES];
};

enum dhcp6_note {
    DHCP6_NOTE_FAILED = 1 << 0, /* the stack can't have the address */
    DHCP6_NOTE_TELL = 1 << 1    /* step->news */
};

/* What actions leave behind for dhcp6_event(). */
struct dhcp6_step {
    uint8_t notes;             /* enum dhcp6_note */
    enum leat_dhcp6_news news; /* of DHCP6_NOTE_TELL */
    bool with_lease;           /* ... it is about dhcp6->lease */
};

/* Takes @event through the table, and what follows from it; then calls the program, if it is to
 * hear of it. */
void dhcp6_event(struct leat_dhcp6 *dhcp6, enum dhcp6_event event);

/* For the socket; @arg is the stack. */
void dhcp6_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg);

/* For the timer; @arg is the client. */
void dhcp6_on_time(struct leat_timer *timer, void *arg);

/* Sets the timer to the first of the times. */
void dhcp6_set_timer(struct leat_dhcp6 *dhcp6);

/* Nothing is to come, and no answer is awaited. */
void dhcp6_forget_times(struct leat_dhcp6 *dhcp6);

/* The wait before the exchange's next message, which dhcp6_open_exchange() has begun. */
void dhcp6_await(struct leat_dhcp6 *dhcp6);

/* Begins an exchange: another xid, the waits of @type (RFC 8415 7.6). */
void dhcp6_open_exchange(struct leat_dhcp6 *dhcp6, enum dhcp6_message type);

/* RFC 4291 2.4: no address that a server can give. */
bool dhcp6_is_no_host(struct leat_ip ip);

/* What a message says of our address. */
enum dhcp6_verdict {
    DHCP6_IS_OURS, /* it is ours, or the first one */
    DHCP6_IS_OTHER,
    DHCP6_IS_ZERO,
    DHCP6_IS_NONE, /* nothing about an address */
    DHCP6_SAYS_NO_BINDING,
    DHCP6_SAYS_NO_ADDRS,
    DHCP6_SAYS_NOT_ON_LINK,
    DHCP6_SAYS_NOTHING, /* a status that says: later */
    DHCP6_FLAW_FORMAT,
    DHCP6_FLAW_TIME
};

/* Reads the address that @message grants to dhcp6->read. */
enum dhcp6_verdict dhcp6_lease_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message);

/* Reads servers, domains and times to dhcp6->read, and how often we may ask.  False: malformed. */
bool dhcp6_facts_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_options *options);

#endif

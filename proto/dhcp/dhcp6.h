/*
 * dhcp6.h -- private declarations of the DHCPv6 client.
 *
 *      receive6.c  checks a datagram, and turns it into an event
 *      lease6.c    reads and checks the address in a message
 *      facts6.c    reads its other facts
 *      timers6.c   one timer for all deadlines, and their events; the waits of RFC 8415 15
 *      events6.c   the table of dhcp6.rl, its only caller, and the notes of its actions
 *      actions6.c  the actions; send6.c has those that send
 *      client6.c   the program's calls, and the events of the timer and the address
 *
 * One exchange is open at a time: `awaits` is the message that we have sent, 0 if no answer is
 * expected.
 */
#ifndef DHCP_DHCP6_H
#define DHCP_DHCP6_H

#include <leat/dhcp6.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "proto/dhcp/dhcp6_fsm.h"
#include "service.h"
#include "service_netif.h"
#include "proto/wire/dhcp6.h"

enum {
    DHCP6_MESSAGE_BYTES = 512,   /* upper bound of our messages */
    DHCP6_RECEIVED_BYTES = 1452, /* the payload of an Ethernet frame */
    DHCP6_DUID_LL_BYTES = 10,
    DHCP6_PREFERENCE_MAX = 255
};

struct dhcp6_duid {
    uint8_t len;
    uint8_t bytes[DHCP6_DUID_MAX];
};

/* The clients of a stack. */
struct dhcp6_clients {
    struct leat_udp *udp; /* shared; the zone of the local address identifies the client */
    struct leat_dhcp6 *all;
    uint8_t count;
    uint8_t open;
    uint8_t received[DHCP6_RECEIVED_BYTES]; /* copy of a message that came in several buffers */
};

/* RFC 8415 15 */
struct dhcp6_rexmt {
    uint64_t rt_ns; /* current retransmission time; 0: nothing has been sent */
    uint64_t mrt_ns;
    uint64_t give_up_ns; /* deadline of MRD, or LEAT_NEVER_NS */
    uint8_t mrc;         /* 0: no limit */
};

struct leat_dhcp6 {
    struct leat *stack;
    struct leat_netif *netif;
    struct leat_dhcp6_config config; /* with the defaults filled in */
    struct leat_dhcp6_counts counts;
    struct leat_timer timer;
    struct address_watch watch;
    uint8_t state;           /* enum dhcp6_state */
    uint8_t awaits;          /* enum dhcp6_message that awaits an answer; 0: none */
    uint8_t tries;           /* messages of this exchange; saturates at 255 */
    uint8_t failures;        /* attempts in a row that ended with a refusal, a conflict or
                              * silence */
    uint8_t read_preference; /* preference in the last message */
    uint8_t offer_preference;
    bool has_offer;   /* `server` and its preference come from an offer */
    bool has_address; /* lease.ip is set in the stack, usable or still being checked */
    bool has_lease;   /* leat_dhcp6_lease() returns the lease */
    uint32_t xid;
    uint32_t iaid;
    uint32_t sol_max_s; /* RFC 8415 21.24, 21.25 */
    uint32_t inf_max_s;
    struct dhcp6_rexmt rexmt;
    struct leat_ip offered;
    struct leat_ip kept;           /* address of an earlier start that we ask for again; or "::" */
    struct dhcp6_duid duid;        /* ours */
    struct dhcp6_duid server;      /* the chosen server */
    struct dhcp6_duid read_server; /* server of the last message */
    struct leat_ip read_from;      /* its address */
    struct leat_refusal refusal;   /* of the last answer that wasn't taken */
    uint64_t begun_ns;             /* start of the attempt, while there is no answer */
    uint64_t first_ns;             /* start of this exchange */
    uint64_t asked_ns;             /* start of a lease that is granted now */
    uint64_t leased_ns;            /* start of our lease */
    /* deadlines, or LEAT_NEVER_NS */
    uint64_t wait_ns, rexmt_ns, t1_ns, t2_ns, expires_ns, refresh_ns;
    struct leat_dhcp6_lease lease;
    struct leat_dhcp6_lease read; /* contents of the last message */
    char name[LEAT_DHCP6_SEARCH_BYTES];
    uint8_t message[DHCP6_MESSAGE_BYTES];
};

enum dhcp6_note {
    DHCP6_NOTE_FAILED = 1 << 0, /* the stack has no room for the address */
    DHCP6_NOTE_TELL = 1 << 1    /* step->news */
};

/* The requests of actions to dhcp6_event(). */
struct dhcp6_step {
    uint8_t notes;             /* enum dhcp6_note */
    enum leat_dhcp6_news news; /* of DHCP6_NOTE_TELL */
    bool with_lease;           /* the report has dhcp6->lease */
};

/* Takes @event and its consequences through the table. Then calls the program, if an action
 * has left a report. */
void dhcp6_event(struct leat_dhcp6 *dhcp6, enum dhcp6_event event);

/* The callback of the socket; @arg is the stack. */
void dhcp6_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg);

/* Sets the timer to the earliest deadline. */
void dhcp6_set_timer(struct leat_dhcp6 *dhcp6);

/* Writes the event of the deadline that has passed; false: none has. After a long sleep several
 * deadlines may have passed; only the latest counts. */
bool dhcp6_due(const struct leat_dhcp6 *dhcp6, enum dhcp6_event *event);

/* Prolongs the wait before the first message, by an interval that grows. */
void dhcp6_wait_on(struct leat_dhcp6 *dhcp6);

/* Clears all deadlines; no answer is awaited any more. */
void dhcp6_forget_times(struct leat_dhcp6 *dhcp6);

/* Sets the wait before the next message of the exchange, which dhcp6_open_exchange() has begun. */
void dhcp6_await(struct leat_dhcp6 *dhcp6);

/* Begins an exchange: a new xid, and the waits of @type (RFC 8415 7.6). */
void dhcp6_open_exchange(struct leat_dhcp6 *dhcp6, enum dhcp6_message type);

/* RFC 4291 2.4: true for an address that no server can lease. */
bool dhcp6_is_no_host(struct leat_ip ip);

/* The result for our address in a message. */
enum dhcp6_verdict {
    DHCP6_IS_OURS, /* our address, or the first one granted */
    DHCP6_IS_OTHER,
    DHCP6_IS_ZERO,
    DHCP6_IS_NONE, /* no address */
    DHCP6_SAYS_NO_BINDING,
    DHCP6_SAYS_NO_ADDRS,
    DHCP6_SAYS_NOT_ON_LINK,
    DHCP6_SAYS_NOTHING, /* a status that asks us to try later */
    DHCP6_FLAW_FORMAT,
    DHCP6_FLAW_TIME
};

/* Reads the address that @message grants to dhcp6->read. */
enum dhcp6_verdict dhcp6_lease_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message);

/* Counts a part of the last message that is left out, in option @code (0: its end). */
void dhcp6_leave_out(struct leat_dhcp6 *dhcp6, uint16_t code);

/* Reads servers, domains, times and the limits of retransmission (SOL_MAX_RT, INF_MAX_RT) to
 * dhcp6. Malformed ones are left out. */
void dhcp6_facts_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_options *options);

#endif

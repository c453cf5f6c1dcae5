/*
 * dhcp.h -- private declarations of the DHCPv4 client.
 *
 *      receive.c   checks a datagram, and turns it into an event
 *      lease.c     reads and checks the lease in a message
 *      timers.c    one timer for all deadlines, and their events
 *      events.c    the table of dhcp.rl, its only caller, and the notes of its actions
 *      actions.c   the actions; send.c has those that send
 *      client.c    the program's calls, and the events of the timer and the address
 */
#ifndef DHCP_DHCP_H
#define DHCP_DHCP_H

#include <leat/dhcp.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "proto/dhcp/dhcp_fsm.h"
#include "service.h"
#include "service_netif.h"
#include "proto/wire/dhcp.h"

enum {
    DHCP_MESSAGE_BYTES = 1472, /* the payload of an Ethernet frame; RFC 2131 2 demands 576
                                * less the headers */
    DHCP_LONG_BYTES = 512,     /* of an option whose pieces are concatenated */
    DHCP_CLIENT_ID_MAX = 64    /* bytes of our client identifier */
};

struct leat_dhcp {
    struct leat *stack;
    struct leat_netif *netif;
    struct leat_udp *udp;
    struct leat_dhcp_config config; /* with the defaults filled in */
    struct leat_dhcp_counts counts;
    struct leat_refusal refusal; /* of the last answer that wasn't taken */
    struct leat_timer timer;
    struct address_watch watch;
    uint8_t state;        /* enum dhcp_state */
    uint8_t tries;        /* messages sent in this state */
    uint8_t tries_max;    /* after so many the attempt ends */
    uint8_t failures;     /* attempts in a row that ended with a NAK, a conflict or silence */
    bool has_address;     /* lease.ip is set in the stack, usable or still being checked */
    bool has_lease;       /* leat_dhcp_lease() returns the lease */
    bool informs;         /* started by leat_dhcp_inform() */
    uint16_t secs;        /* of the last DISCOVER or first REQUEST */
    uint32_t xid;         /* of the current exchange, or of the last one */
    leat_ip4 server_want; /* accept replies of this server only; IP4_ANY: of any server */
    leat_ip4 ip_want;     /* accept replies with this address only */
    uint64_t begun_ns;    /* start of the attempt, while there is no answer */
    uint64_t asked_ns;    /* when the request was sent; the lease begins then */
    /* deadlines, or LEAT_NEVER_NS */
    uint64_t wait_ns, rexmt_ns, t1_ns, t2_ns, expires_ns;
    struct leat_dhcp_lease lease;
    struct leat_dhcp_lease read; /* contents of the last message */
    uint8_t option[DHCP_LONG_BYTES];
    uint8_t message[DHCP_MESSAGE_BYTES];
};

enum dhcp_note {
    DHCP_NOTE_ASK = 1 << 0,    /* ask the program whether it accepts dhcp->lease */
    DHCP_NOTE_FAILED = 1 << 1, /* the stack has no room for the address */
    DHCP_NOTE_TELL = 1 << 2    /* step->news */
};

/* The requests of actions to dhcp_event(). */
struct dhcp_step {
    uint8_t notes;            /* enum dhcp_note */
    enum leat_dhcp_news news; /* of DHCP_NOTE_TELL */
    bool with_lease;          /* the report has dhcp->lease */
};

/* Takes @event and its consequences through the table. Then calls the program, if an action
 * has left a report. */
void dhcp_event(struct leat_dhcp *dhcp, enum dhcp_event event);

/* The callback of the socket; @arg is the client. */
void dhcp_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                      const struct leat_endpoint *peer, const struct leat_endpoint *local,
                      void *arg);

/* Sets the timer to the earliest deadline. */
void dhcp_set_timer(struct leat_dhcp *dhcp);

/* Writes the event of the deadline that has passed; false: none has. After a long sleep several
 * deadlines may have passed; only the latest counts. */
bool dhcp_due(const struct leat_dhcp *dhcp, enum dhcp_event *event);

/* The duration of the attempt, while there is no answer. */
static inline uint64_t dhcp_waited_ns(const struct leat_dhcp *dhcp)
{
    return leat_now_ns(dhcp->stack) - dhcp->begun_ns;
}

/* Clears all deadlines. */
void dhcp_forget_times(struct leat_dhcp *dhcp);

/* @base_ns, randomly changed by up to a quarter. */
uint64_t dhcp_jitter_ns(struct leat_dhcp *dhcp, uint64_t base_ns);

/* The wait for an answer after @tries earlier messages. */
uint64_t dhcp_retry_ns(struct leat_dhcp *dhcp, unsigned tries);

/* Writes our client identifier (option 61); returns its length. */
uint32_t dhcp_client_id(const struct leat_dhcp *dhcp, uint8_t id[DHCP_CLIENT_ID_MAX]);

/* Faults in the contents of a server's message. */
enum dhcp_flaw {
    DHCP_SOUND,
    DHCP_FLAW_ADDRESS, /* an address that no host can have */
    DHCP_FLAW_EDGE,    /* the first or last address of its network */
    DHCP_FLAW_TIME
};

/* Reads the lease in @message of @server to dhcp->read. An answer to INFORM has neither
 * address nor times. */
enum dhcp_flaw dhcp_lease_read(struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                               const struct wire_dhcp_options *options, leat_ip4 server);

/* Copies the name in option @code to @text; "" if it is missing, too long, or contains bytes
 * that are illegal in host names. */
void dhcp_name_read(const struct wire_dhcp_options *options, uint8_t code,
                    char text[LEAT_DHCP_NAME_BYTES]);

/* Reads the search list, @len bytes of names (RFC 3397, RFC 1035 4.1.4), to @text. False: it
 * is malformed. */
bool dhcp_search_read(const uint8_t *bytes, uint32_t len, char text[LEAT_DHCP_NAME_BYTES]);

#endif

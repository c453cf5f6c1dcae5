/*
 * dhcp6.h -- a DHCPv6 client (RFC 8415): gets an IPv6 address for a netif, and keeps it; or asks
 * only for name servers and the rest.
 *
 * Routers announce whether a network has such a server (leat/slaac.h: managed, other); autoconf.h
 * starts the client when they do.  The client sets the address in the stack and takes it out again.
 * It sets no routes: those come from routers only.
 */
#ifndef LEAT_DHCP6_H
#define LEAT_DHCP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/err.h>
#include <leat/refusal.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_dhcp6;

/** Limits of a lease; anything beyond them is left out. */
enum {
    LEAT_DHCP6_SERVERS_MAX = 4,    /**< of each: name servers, NTP servers */
    LEAT_DHCP6_SEARCH_BYTES = 256, /**< of the search list, the NUL included; also of the names of
                                        NTP servers */
    LEAT_DHCP6_DUID_MAX = 130,     /**< bytes of a DUID (RFC 8415 11.1) */
    LEAT_DHCP6_KEPT_BYTES = 24     /**< of an address that a program stores */
};

/** A lifetime that never ends (RFC 8415 7.7). */
#define LEAT_DHCP6_FOR_EVER UINT32_MAX

/** A lease.  All of it has been checked: addresses can be those of hosts, times are in order,
 * domains hold letters, digits, '-', '_' and '.' only. */
struct leat_dhcp6_lease {
    struct leat_ip ip;    /**< ours; LEAT_IP_ANY in an answer to leat_dhcp6_inform() */
    uint32_t preferred_s; /**< after that no connection begins from it; <= valid_s */
    uint32_t valid_s;     /**< lifetime, from the request on; renew_s <= rebind_s <= valid_s, or
                               LEAT_DHCP6_FOR_EVER, as the next two */
    uint32_t renew_s;     /**< T1 */
    uint32_t rebind_s;    /**< T2 */
    uint32_t refresh_s;   /**< without an address: the server is asked again after that */
    uint8_t name_server_count;                           /**< in name_servers */
    uint8_t ntp_server_count;                            /**< in ntp_servers */
    uint8_t server_bytes;                                /**< of server */
    struct leat_ip name_servers[LEAT_DHCP6_SERVERS_MAX]; /**< the preferred one first */
    struct leat_ip ntp_servers[LEAT_DHCP6_SERVERS_MAX];  /**< the preferred one first */
    char search[LEAT_DHCP6_SEARCH_BYTES];                /**< domains with spaces between them */
    char ntp_names[LEAT_DHCP6_SEARCH_BYTES]; /**< NTP servers given by name (RFC 5908 4.3), for a
                                                  resolver; in the same form */
    uint8_t server[LEAT_DHCP6_DUID_MAX];     /**< the server's DUID */
    uint8_t ignored_parts;   /**< parts of the answer that were left out; 255 for more */
    uint16_t ignored_option; /**< the option of the first of them; 0: the end of the message */
};

/** Events that on_news reports. */
enum leat_dhcp6_news {
    LEAT_DHCP6_BOUND,    /**< the address is set, checked and usable */
    LEAT_DHCP6_RENEWED,  /**< the lease was extended; its other values may have changed */
    LEAT_DHCP6_INFORMED, /**< an answer to leat_dhcp6_inform(), the first or a newer one */
    LEAT_DHCP6_SILENCE,  /**< no server has answered for leat_dhcp6_waited_ns(); we keep trying */
    LEAT_DHCP6_REFUSED,  /**< a server has refused; if we had an address, it is gone */
    LEAT_DHCP6_DECLINED, /**< we can't use the address: another host has it, or the table is full */
    LEAT_DHCP6_MOVED,    /**< the server assigns another address: the old one is gone,
                              LEAT_DHCP6_BOUND follows */
    LEAT_DHCP6_EXPIRED   /**< no server has renewed the lease: the address is gone */
};

/** Options and callbacks.  Every 0 means the default that is named beside it. */
struct leat_dhcp6_config {
    const uint8_t
        *duid;          /**< our identity (RFC 8415 11), with its type: a DUID-UUID is 0, 4 and a
                             UUID's 16 bytes (RFC 6355); NULL: a DUID-LL of the first netif's MAC */
    uint8_t duid_bytes; /**< 3 to LEAT_DHCP6_DUID_MAX */
    uint32_t iaid;      /**< distinguishes our netifs (RFC 8415 12): derived from the MAC */
    bool rapid_commit;  /**< ask for one exchange instead of two (RFC 8415 18.2.1) */
    uint64_t start_delay_ns; /**< a random wait before the first message, at most this: 100 ms */
    uint32_t lease_s_min;    /**< a lease with a shorter valid lifetime is ignored: 10 */
    /** Called only from leat_poll(), never from within a call of the program.  @p lease: the one
     * that we have, had until now, or could not use; for LEAT_DHCP6_MOVED the new one; NULL: none.
     */
    void (*on_news)(struct leat_dhcp6 *dhcp6, enum leat_dhcp6_news news,
                    const struct leat_dhcp6_lease *lease, void *arg);
    /** Reports each transition of dhcp6.rl as numbers, for tests.  May be NULL. */
    void (*on_transition)(void *arg, uint8_t from, uint8_t event, uint8_t to);
    void *arg;                        /**< for the two */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_dhcp6_register() takes from the stack's block, for @p clients of them. */
size_t leat_dhcp6_memory_bytes(uint8_t clients);

/**
 * Adds DHCPv6 to the stack, once, for as many netifs as @p clients says, at least 1.  It takes one
 * UDP socket; leat_udp_register() and leat_ipv6_register() come first.  From then on
 * leat_autoconf_start() asks DHCPv6 servers where routers announce them.
 * Errors: LEAT_ERR_PROTOCOL (no UDP, no IPv6), LEAT_ERR_IN_USE (registered, or the port is taken),
 * LEAT_ERR_MEMORY.
 */
enum leat_err leat_dhcp6_register(struct leat *stack, uint8_t clients);

/**
 * Makes a client for an attached netif; it is idle.  leat_autoconf_start() makes its own.
 * @p config is copied; everything that it points to must stay.
 * Errors: LEAT_ERR_PROTOCOL (no leat_dhcp6_register()), LEAT_ERR_FULL (no more clients),
 * LEAT_ERR_IN_USE (the netif has one), LEAT_ERR_ARGUMENT (also an MTU under 1,280).
 */
enum leat_err leat_dhcp6_open(struct leat *stack, struct leat_netif *netif,
                              struct leat_dhcp6 **dhcp6, const struct leat_dhcp6_config *config);

/**
 * Begins to look for an address and the rest, and goes on until leat_dhcp6_stop().  @p kept holds
 * the result of leat_dhcp6_keep() from an earlier start.  With it, servers are first asked whether
 * the address may be used again, and for how long (by a Rebind, RFC 8415 18.2.12).  If none answers
 * in three seconds, they are asked for that address or any other.  NULL, or any other bytes: any
 * address.
 * Errors: LEAT_ERR_IN_USE (begun already).
 */
enum leat_err leat_dhcp6_start(struct leat_dhcp6 *dhcp6, const uint8_t kept[LEAT_DHCP6_KEPT_BYTES]);

/** Asks for everything but an address (RFC 8415 18.2.6).  Errors: as leat_dhcp6_start(). */
enum leat_err leat_dhcp6_inform(struct leat_dhcp6 *dhcp6);

/**
 * Reports that we may be on another link, as after a host was moved or restored from a snapshot.
 * Servers are asked whether the address fits that link (RFC 8415 18.2.3); it stays unless one
 * objects.  An address that is still being checked is given up, and servers are asked for a new one.
 * Does nothing without an address.
 */
void leat_dhcp6_confirm(struct leat_dhcp6 *dhcp6);

/** Takes the address out of the stack and stops; the server still keeps the lease for us. */
void leat_dhcp6_stop(struct leat_dhcp6 *dhcp6);

/** Stops like leat_dhcp6_stop(), and tells the server that we don't need the address any more (RFC
 * 8415 18.2.7): up to four times in half a minute, until it answers.  leat_dhcp6_start() may be
 * called meanwhile. */
void leat_dhcp6_release(struct leat_dhcp6 *dhcp6);

/** The lease, or the answer to leat_dhcp6_inform(); NULL: neither has come. */
const struct leat_dhcp6_lease *leat_dhcp6_lease(const struct leat_dhcp6 *dhcp6);

/** When the address ends, by the clock of leat_poll(); LEAT_NEVER_NS: never, or there is none. */
uint64_t leat_dhcp6_expires_ns(const struct leat_dhcp6 *dhcp6);

/** The time since the last answer of a server. */
uint64_t leat_dhcp6_waited_ns(const struct leat_dhcp6 *dhcp6);

/** The name of the state in dhcp6.rl, for messages. */
const char *leat_dhcp6_state_name(const struct leat_dhcp6 *dhcp6);

/** Writes the bytes of a lease with an address that the program may store, and give to
 * leat_dhcp6_start() at its next start. */
void leat_dhcp6_keep(const struct leat_dhcp6_lease *lease, uint8_t kept[LEAT_DHCP6_KEPT_BYTES]);

/** Counters of a client. */
struct leat_dhcp6_counts {
    uint64_t sent;          /**< messages */
    uint64_t unsent;        /**< messages that could not be sent: no memory, no address */
    uint64_t taken;         /**< messages that led to a transition */
    uint64_t drop_format;   /**< messages cut short, or with a malformed association or status */
    uint64_t drop_foreign;  /**< not for us: another client or xid, or no answer to our request */
    uint64_t drop_server;   /**< from another server than the one that was asked, or from none */
    uint64_t drop_status;   /**< with a status that means failure: we ask again later */
    uint64_t drop_address;  /**< without an address that a host can have, or without ours */
    uint64_t drop_time;     /**< with a lifetime under lease_s_min, or expired on arrival */
    uint64_t drop_forced;   /**< Reconfigure: we accept none (RFC 8415 16.11) */
    uint64_t ignored_parts; /**< malformed options, impossible servers and addresses: left out of
                                 a lease */
};

/** The last answer that was refused since leat_dhcp6_start() or leat_dhcp6_inform(), or since one
 * was taken; live. */
const struct leat_refusal *leat_dhcp6_refusal(const struct leat_dhcp6 *dhcp6);

/** The counters; live. */
const struct leat_dhcp6_counts *leat_dhcp6_counts(const struct leat_dhcp6 *dhcp6);

#ifdef __cplusplus
}
#endif
#endif

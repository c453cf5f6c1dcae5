/*
 * dhcp.h -- a DHCPv4 client (RFC 2131, RFC 2132): gets an address for a netif, and keeps it.
 *
 * The client sets the address in the stack and takes it out again.  Routes, name servers and the
 * rest are only reported to the program; autoconf.h applies them as most programs want it.
 */
#ifndef LEAT_DHCP_H
#define LEAT_DHCP_H

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

struct leat_dhcp;

/** Limits of a lease; anything beyond them is left out. */
enum {
    LEAT_DHCP_SERVERS_MAX = 4, /**< of each: routers, name servers, NTP servers */
    LEAT_DHCP_ROUTES_MAX = 16,
    LEAT_DHCP_VENDOR_BYTES = 255,
    LEAT_DHCP_NAME_BYTES = 256, /**< of a name or a search list, the NUL included */
    LEAT_DHCP_KEPT_BYTES = 16   /**< of an address that a program stores */
};

/** A lease time that never ends (RFC 2131 3.3). */
#define LEAT_DHCP_FOR_EVER UINT32_MAX

/** A route of option 121 (RFC 3442). */
struct leat_dhcp_route {
    struct leat_ip network; /**< bits behind the prefix are 0 */
    struct leat_ip gateway; /**< 0.0.0.0: the network is on the link */
    uint8_t prefix_bits;    /**< 0 to 32 */
};

/** A lease.  All of it has been checked: addresses can be those of hosts, times are in order, names
 * hold letters, digits, '-', '_' and '.' only.  Parts of the answer that are malformed or
 * impossible are left out. */
struct leat_dhcp_lease {
    struct leat_ip ip;     /**< ours */
    uint8_t prefix_bits;   /**< of its network */
    struct leat_ip server; /**< server identifier (option 54) or, without one, where its OFFER came
                                from */
    uint32_t lease_s;  /**< from the request on; LEAT_DHCP_FOR_EVER, or renew_s < rebind_s < it; an
                            hour if the server gives none */
    uint32_t renew_s;  /**< T1 */
    uint32_t rebind_s; /**< T2 */
    uint32_t ipv6_only_s;      /**< turn off IPv4 for so long (RFC 8925); 0: not given */
    uint16_t mtu;              /**< of the network, 576 or more; 0: not given */
    uint8_t router_count;      /**< in routers; the next three alike */
    uint8_t name_server_count; /**< in name_servers */
    uint8_t ntp_server_count;  /**< in ntp_servers */
    uint8_t route_count;       /**< in routes */
    uint8_t vendor_bytes;      /**< in vendor */
    uint8_t ignored_parts;     /**< parts of the answer that were left out; 255 for more */
    uint8_t ignored_option;    /**< the option of the first of them; 0: no option, but the end of
                                    the message */
    struct leat_ip routers[LEAT_DHCP_SERVERS_MAX]; /**< the preferred one first; on the link of the
                                                        netif, in our prefix or not */
    struct leat_ip name_servers[LEAT_DHCP_SERVERS_MAX];  /**< the preferred one first */
    struct leat_ip ntp_servers[LEAT_DHCP_SERVERS_MAX];   /**< the preferred one first */
    struct leat_dhcp_route routes[LEAT_DHCP_ROUTES_MAX]; /**< if they were asked for; then there
                                                              are no routers (RFC 3442) */
    uint8_t vendor[LEAT_DHCP_VENDOR_BYTES]; /**< option 43 as it came, if we sent a vendor_class;
                                               its format is the vendor's */
    char host_name[LEAT_DHCP_NAME_BYTES];   /**< ours; "" if not given, as the next two */
    char domain_name[LEAT_DHCP_NAME_BYTES]; /**< of the network */
    char search[LEAT_DHCP_NAME_BYTES]; /**< domains to search, spaces between them (RFC 3397) */
};

/** Events that on_news reports. */
enum leat_dhcp_news {
    LEAT_DHCP_BOUND,    /**< the address is set and usable */
    LEAT_DHCP_RENEWED,  /**< the lease was extended; its other values may have changed */
    LEAT_DHCP_INFORMED, /**< an answer to leat_dhcp_inform() */
    LEAT_DHCP_SILENCE,  /**< no server has answered for leat_dhcp_waited_ns(); we keep trying */
    LEAT_DHCP_REFUSED,  /**< a server has refused; if we had an address, it is gone */
    LEAT_DHCP_DECLINED, /**< we can't use the address: another host has it, or on_lease refused it;
                             if LEAT_DHCP_BOUND had reported it, it is gone */
    LEAT_DHCP_EXPIRED,  /**< no server has renewed the lease: the address is gone */
    LEAT_DHCP_IPV6_ONLY /**< the network wants us to do without IPv4 (RFC 8925) */
};

/** How conflicts with other hosts are detected (RFC 5227). */
enum leat_dhcp_check {
    LEAT_DHCP_CHECK_BESIDE, /**< the address is used at once, and probed for once; it is given up
                                 if another host answers within two seconds */
    LEAT_DHCP_CHECK_FIRST   /**< RFC 5227 2.1: 4 to 7 s of probes before it is used */
};

/** Options, limits and callbacks.  Every 0 means the default that is named beside it. */
struct leat_dhcp_config {
    const char *host_name;    /**< ours, at most 63 bytes (option 12); NULL: none is sent */
    const char *vendor_class; /**< at most 255 bytes (option 60), and option 43 is asked for; NULL:
                                   none */
    const uint8_t
        *client_id;          /**< option 61, with its type; NULL: derived from the MAC (RFC 4361) */
    uint8_t client_id_bytes; /**< 2 to 64 */
    enum leat_dhcp_check check; /**< LEAT_DHCP_CHECK_BESIDE */
    bool rapid_commit;          /**< ask for one exchange instead of two (RFC 4039) */
    bool routes;    /**< ask for option 121.  Any host that answers first can then redirect all
                         traffic to itself (CVE-2024-3661) */
    bool ipv6_only; /**< offer to turn off IPv4 (RFC 8925): the program has IPv6 */
    bool broadcast; /**< ask for replies by broadcast, for a network that needs it; otherwise that
                         is asked for after two tries without an answer */
    uint64_t start_delay_ns; /**< a random wait before the first message, at most this: 0 */
    uint64_t retry_ns;       /**< the first wait for an answer, then doubled each time up to 64 s,
                                  plus or minus a quarter: 2 s */
    uint32_t lease_s_min;    /**< a shorter lease is ignored: 10 */
    /** Returns false to refuse a new lease; not called for renewals.  NULL: all are accepted.  It
     * must not call leat_dhcp_start(), _inform(), _stop() or _release(). */
    bool (*on_lease)(struct leat_dhcp *dhcp, const struct leat_dhcp_lease *lease, void *arg);
    /** Called only from leat_poll(), never from within a call of the program.  @p lease: the one
     * that we have, had until now, or was refused; NULL: none. */
    void (*on_news)(struct leat_dhcp *dhcp, enum leat_dhcp_news news,
                    const struct leat_dhcp_lease *lease, void *arg);
    /** Reports each transition of dhcp.rl as numbers, for tests.  May be NULL. */
    void (*on_transition)(void *arg, uint8_t from, uint8_t event, uint8_t to);
    void *arg;                        /**< for the three */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_dhcp_open() takes from the stack's block. */
size_t leat_dhcp_memory_bytes(void);

/**
 * Makes a client for an attached netif; it is idle.  UDP must be registered; the client takes one
 * socket.  @p config is copied; everything that it points to must stay.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_IN_USE (the netif has one), LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_dhcp_open(struct leat *stack, struct leat_netif *netif, struct leat_dhcp **dhcp,
                             const struct leat_dhcp_config *config);

/**
 * Begins to look for a lease, and goes on until leat_dhcp_stop().  @p kept holds the result of
 * leat_dhcp_keep() from an earlier start, to get the same address with one exchange (RFC 2131 3.2).
 * NULL, or any other bytes: any address.
 * Errors: LEAT_ERR_IN_USE (begun already).
 */
enum leat_err leat_dhcp_start(struct leat_dhcp *dhcp, const uint8_t kept[LEAT_DHCP_KEPT_BYTES]);

/**
 * Asks for everything but an address (RFC 2131 3.4); @p ip is ours by other means.
 * Errors: as leat_dhcp_start(); LEAT_ERR_ARGUMENT (@p ip is not a usable address of the netif).
 */
enum leat_err leat_dhcp_inform(struct leat_dhcp *dhcp, struct leat_ip ip);

/** Takes the address out of the stack and stops; the server still keeps the lease for us. */
void leat_dhcp_stop(struct leat_dhcp *dhcp);

/** Stops like leat_dhcp_stop(), and tells the server that we don't need the address any more (RFC
 * 2131 4.4.6), in one message that may be lost. */
void leat_dhcp_release(struct leat_dhcp *dhcp);

/** The lease that we have, or the answer to leat_dhcp_inform(); NULL: neither has come. */
const struct leat_dhcp_lease *leat_dhcp_lease(const struct leat_dhcp *dhcp);

/** When the lease ends, by the clock of leat_poll(); LEAT_NEVER_NS: never, or there is none. */
uint64_t leat_dhcp_expires_ns(const struct leat_dhcp *dhcp);

/** The time since the last answer of a server. */
uint64_t leat_dhcp_waited_ns(const struct leat_dhcp *dhcp);

/** The name of the state in dhcp.rl, for messages. */
const char *leat_dhcp_state_name(const struct leat_dhcp *dhcp);

/** Writes the bytes that the program may store, and give to leat_dhcp_start() at its next start. */
void leat_dhcp_keep(const struct leat_dhcp_lease *lease, uint8_t kept[LEAT_DHCP_KEPT_BYTES]);

/** Counters of a client. */
struct leat_dhcp_counts {
    uint64_t sent;          /**< messages */
    uint64_t unsent;        /**< messages that could not be sent: no memory, no route */
    uint64_t taken;         /**< messages that led to a transition */
    uint64_t drop_late;     /**< those of them that dhcp.rl ignores in that state */
    uint64_t drop_format;   /**< messages cut short, or without a type that servers send */
    uint64_t drop_foreign;  /**< not for us: another chaddr, xid or identifier, no reply,
                                 another port */
    uint64_t drop_server;   /**< from another server than the one that was asked, or from none */
    uint64_t drop_address;  /**< with an address or a mask that no host can have, or not ours */
    uint64_t drop_time;     /**< with a lease shorter than lease_s_min, or expired on arrival */
    uint64_t drop_forced;   /**< FORCERENEW, which is never signed here (RFC 3203, RFC 6704) */
    uint64_t ignored_parts; /**< malformed options, impossible routers, servers and routes: left out
                                 of a lease */
};

/** The last answer that was refused since leat_dhcp_start(), or since one was taken; live. */
const struct leat_refusal *leat_dhcp_refusal(const struct leat_dhcp *dhcp);

/** The counters; live. */
const struct leat_dhcp_counts *leat_dhcp_counts(const struct leat_dhcp *dhcp);

#ifdef __cplusplus
}
#endif
#endif

/*
 * dhcp.h -- a DHCPv4 client (RFC 2131, RFC 2132): gets an address for a netif, and keeps it.
 *
 * The client sets the address in the stack and takes it out again.  Routes, name servers and the
 * rest are told to the program; autoconf.h does with them what most programs want.
 */
#ifndef LEAT_DHCP_H
#define LEAT_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_dhcp;

/** What a lease holds at most: what is beyond is left out. */
enum {
    LEAT_DHCP_SERVERS_MAX = 4, /**< routers, name servers, NTP servers: of each */
    LEAT_DHCP_ROUTES_MAX = 16,
    LEAT_DHCP_VENDOR_BYTES = 255,
    LEAT_DHCP_NAME_BYTES = 256, /**< of a name or a search list, its NUL included */
    LEAT_DHCP_KEPT_BYTES = 16   /**< of an address that a program remembers */
};

/** A lease time that never ends (RFC 2131 3.3). */
#define LEAT_DHCP_FOR_EVER UINT32_MAX

/** A route of option 121 (RFC 3442). */
struct leat_dhcp_route {
    struct leat_ip network; /**< its other bits are 0 */
    struct leat_ip gateway; /**< 0.0.0.0: the network is on the link */
    uint8_t prefix_bits;    /**< 0 to 32 */
};

/** What a server has granted.  All of it has been checked: addresses can be those of hosts, times
 * are in order, names hold letters, digits, '-', '_' and '.' only. */
struct leat_dhcp_lease {
    struct leat_ip ip;     /**< ours */
    uint8_t prefix_bits;   /**< of its network */
    struct leat_ip server; /**< its identifier */
    uint32_t lease_s;  /**< from the request on; LEAT_DHCP_FOR_EVER, or renew_s < rebind_s < it */
    uint32_t renew_s;  /**< T1 */
    uint32_t rebind_s; /**< T2 */
    uint32_t ipv6_only_s;      /**< do without IPv4 for so long (RFC 8925); 0: not said */
    uint16_t mtu;              /**< of the network, 576 or more; 0: not said */
    uint8_t router_count;      /**< in routers; the next three alike */
    uint8_t name_server_count; /**< in name_servers */
    uint8_t ntp_server_count;  /**< in ntp_servers */
    uint8_t route_count;       /**< in routes */
    uint8_t vendor_bytes;      /**< in vendor */
    struct leat_ip routers[LEAT_DHCP_SERVERS_MAX]; /**< on our prefix, the preferred one first */
    struct leat_ip name_servers[LEAT_DHCP_SERVERS_MAX];  /**< the preferred one first */
    struct leat_ip ntp_servers[LEAT_DHCP_SERVERS_MAX];   /**< the preferred one first */
    struct leat_dhcp_route routes[LEAT_DHCP_ROUTES_MAX]; /**< if they were asked for; then there
                                                              are no routers (RFC 3442) */
    uint8_t vendor[LEAT_DHCP_VENDOR_BYTES]; /**< option 43 as it came, if we said a vendor_class:
                                                 what it means only that vendor knows */
    char host_name[LEAT_DHCP_NAME_BYTES];   /**< ours; "" if not said, as the next two */
    char domain_name[LEAT_DHCP_NAME_BYTES]; /**< of the network */
    char search[LEAT_DHCP_NAME_BYTES]; /**< domains to search, spaces between them (RFC 3397) */
};

/** What happened. */
enum leat_dhcp_news {
    LEAT_DHCP_BOUND,    /**< the address is set and usable */
    LEAT_DHCP_RENEWED,  /**< the lease goes on; what else it says may have changed */
    LEAT_DHCP_INFORMED, /**< an answer to leat_dhcp_inform() */
    LEAT_DHCP_SILENCE,  /**< no server has answered since leat_dhcp_waited_ns(); we go on trying */
    LEAT_DHCP_REFUSED,  /**< a server has said no; with an address, that is gone */
    LEAT_DHCP_DECLINED, /**< we can't use the address: another host has it, or on_lease said so;
                             with an address that was told, that is gone */
    LEAT_DHCP_EXPIRED,  /**< no server has renewed the lease: the address is gone */
    LEAT_DHCP_IPV6_ONLY /**< the network wants us to do without IPv4 (RFC 8925) */
};

/** How it is made sure that no other host has the address (RFC 5227). */
enum leat_dhcp_check {
    LEAT_DHCP_CHECK_BESIDE, /**< the address is used at once; one probe asks, and who answers
                                 within two seconds gets it */
    LEAT_DHCP_CHECK_FIRST   /**< RFC 5227 2.1: 4 to 7 s of probes before it is used */
};

/** Limits, and what is asked for.  Every 0 means the default that is named beside it. */
struct leat_dhcp_config {
    const char *host_name;    /**< ours, at most 63 bytes (option 12); NULL: none is sent */
    const char *vendor_class; /**< at most 255 bytes (option 60), and option 43 is asked for; NULL:
                                   none */
    const uint8_t *client_id; /**< option 61, with its type; NULL: made of the MAC (RFC 4361) */
    uint8_t client_id_bytes;  /**< 2 to 64 */
    enum leat_dhcp_check check; /**< LEAT_DHCP_CHECK_BESIDE */
    bool rapid_commit;          /**< ask for one exchange instead of two (RFC 4039) */
    bool routes;    /**< ask for option 121.  Whoever answers first can then lead any traffic to
                         himself (CVE-2024-3661) */
    bool ipv6_only; /**< offer to do without IPv4 (RFC 8925): the program has IPv6 */
    bool broadcast; /**< replies come by broadcast only, for a network that wants it; else
                         that is asked for when two tries had no answer */
    uint64_t start_delay_ns; /**< a random wait before the first message, at most this: 0 */
    uint64_t retry_ns;       /**< the first wait for an answer; each is twice as long as the one
                                  before, up to 64 s, give or take a quarter: 2 s */
    uint32_t lease_s_min;    /**< a shorter lease is no lease: 10 */
    /** Says whether we want this lease; not called for one that goes on.  NULL: we do.  It must not
     * call leat_dhcp_start(), _inform(), _stop() or _release(). */
    bool (*on_lease)(struct leat_dhcp *dhcp, const struct leat_dhcp_lease *lease, void *arg);
    /** Called from leat_poll(), and by no call of the program's. @p lease: the one that we have, or
     * had until now, or was refused; NULL: none. */
    void (*on_news)(struct leat_dhcp *dhcp, enum leat_dhcp_news news,
                    const struct leat_dhcp_lease *lease, void *arg);
    /** Each transition of dhcp.rl, as numbers: for tests; NULL: nobody watches. */
    void (*on_transition)(void *arg, uint8_t from, uint8_t event, uint8_t to);
    void *arg; /**< for the three */
};

/** Bytes that leat_dhcp_open() takes from the stack's block. */
size_t leat_dhcp_memory_bytes(void);

/**
 * Makes a client for an attached netif, at rest.  UDP must be registered: it takes one socket.
 * @p config is copied, what it points to must stay.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_IN_USE (the netif has one), LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_dhcp_open(struct leat *stack, struct leat_netif *netif, struct leat_dhcp **dhcp,
                             const struct leat_dhcp_config *config);

/**
 * Begins to look for a lease, and goes on until leat_dhcp_stop().  @p kept: what leat_dhcp_keep()
 * has written at an earlier start, so that we get the same address with one exchange (RFC 2131
 * 3.2); NULL, or what it has not written: any address.
 * Errors: LEAT_ERR_IN_USE (begun already).
 */
enum leat_err leat_dhcp_start(struct leat_dhcp *dhcp, const uint8_t kept[LEAT_DHCP_KEPT_BYTES]);

/**
 * Asks for everything but an address (RFC 2131 3.4); @p ip is ours by other means.
 * Errors: as leat_dhcp_start(); LEAT_ERR_ARGUMENT (no usable address of the netif).
 */
enum leat_err leat_dhcp_inform(struct leat_dhcp *dhcp, struct leat_ip ip);

/** Takes the address out of the stack and rests; the server goes on to keep it for us. */
void leat_dhcp_stop(struct leat_dhcp *dhcp);

/** The same, and tells the server that we don't need it any more (RFC 2131 4.4.6): in one message
 * that may be lost. */
void leat_dhcp_release(struct leat_dhcp *dhcp);

/** The lease that we have, or what an answer to leat_dhcp_inform() said; NULL: none. */
const struct leat_dhcp_lease *leat_dhcp_lease(const struct leat_dhcp *dhcp);

/** When the lease ends, by the clock of leat_poll(); LEAT_NEVER_NS: never, or there is none. */
uint64_t leat_dhcp_expires_ns(const struct leat_dhcp *dhcp);

/** For how long we have had no answer. */
uint64_t leat_dhcp_waited_ns(const struct leat_dhcp *dhcp);

/** The name of the state, as dhcp.rl has it: for people. */
const char *leat_dhcp_state_name(const struct leat_dhcp *dhcp);

/** Writes what the program may keep, and give to leat_dhcp_start() at its next start. */
void leat_dhcp_keep(const struct leat_dhcp_lease *lease, uint8_t kept[LEAT_DHCP_KEPT_BYTES]);

/** What a client has done. */
struct leat_dhcp_counts {
    uint64_t sent;          /**< messages */
    uint64_t unsent;        /**< messages that could not be sent: no memory, no route */
    uint64_t taken;         /**< messages that led to a transition */
    uint64_t drop_late;     /**< of these: that dhcp.rl discards in that state */
    uint64_t drop_format;   /**< messages cut short, or with malformed options */
    uint64_t drop_foreign;  /**< not for us: another chaddr, xid or identifier, no reply,
                                 another port */
    uint64_t drop_server;   /**< of another server than the one that was asked, or of none */
    uint64_t drop_address;  /**< with an address or a mask that no host can have, or not ours */
    uint64_t drop_time;     /**< with a lease shorter than lease_s_min, without an end, or over
                                 when it came */
    uint64_t drop_forced;   /**< FORCERENEW, which nobody has signed (RFC 3203, RFC 6704) */
    uint64_t ignored_parts; /**< routers, servers and routes that can't be, left out of a lease */
};

/** The counters; live. */
const struct leat_dhcp_counts *leat_dhcp_counts(const struct leat_dhcp *dhcp);

#ifdef __cplusplus
}
#endif
#endif

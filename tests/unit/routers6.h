/* routers6.h -- builds router advertisements, byte by byte, and a netif that is configured by them.
 */
#ifndef ROUTERS6_H
#define ROUTERS6_H

#include "frames6.h"

#include <leat/slaac.h>

#define IP6_ROUTER  ip6_of("fe80::a")
#define IP6_ROUTER2 ip6_of("fe80::b")
#define IP6_FAR     ip6_of("2001:db8:ffff::1")
#define PREFIX6     "2001:db8:1::"
#define MAC_ROUTER  ((struct leat_mac){{2, 0, 0, 0, 0, 0xa}})
#define MAC_ROUTER2 ((struct leat_mac){{2, 0, 0, 0, 0, 0xb}})

enum {
    ON_LINK = 0x80,
    AUTONOMOUS = 0x40,
    FOR_EVER = -1
};

/* An advertisement under construction. */
struct router {
    struct leat_ip ip;
    struct leat_mac mac;
    uint8_t message[1400];
    uint32_t len;
};

/* Starts an advertisement with a lifetime as default router, and the router's Ethernet address. */
struct router router6(struct leat_ip ip, struct leat_mac mac, uint16_t lifetime_s);

/* Add options; @units of 8 bytes follow the first word. */
void router6_prefix(struct router *router, const char *prefix, uint8_t bits, uint8_t flags,
                    uint32_t valid_s, uint32_t preferred_s);
void router6_route(struct router *router, const char *prefix, uint8_t bits, uint8_t preference,
                   uint32_t lifetime_s);
void router6_mtu(struct router *router, uint32_t mtu);
void router6_server(struct router *router, const char *ip, uint32_t lifetime_s);
void router6_domain(struct router *router, const char *wire, uint32_t wire_len,
                    uint32_t lifetime_s);
void router6_nat64(struct router *router, const char *prefix, uint8_t code, uint16_t lifetime_s);

/* The frame to all nodes. */
struct frame router6_frame(const struct router *router);
void router6_says(struct world *world, const struct router *router);

/* A world whose netif is configured by routers. */
struct home {
    struct world *world; /* first */
    struct leat_slaac *slaac;
    struct leat_slaac_facts facts; /* as last reported */
    unsigned told;
};

struct home *home6_create(void);
void home6_begin(struct home *home);
int home6_setup(void **state);
int home6_teardown(void **state);

/* Gives the netif a usable address of 2001:db8:1::/64 from IP6_ROUTER. */
void home6_settle(struct home *home);

/* The present facts. */
const struct leat_slaac_facts *home6_facts(struct home *home);

/* Receives an echo request from @peer to @us; returns the Ethernet address that the reply goes
 * to. */
struct leat_mac home6_ping(struct home *home, struct leat_ip peer, struct leat_ip us);

/* Answers solicitations for the neighbour @ip. */
void home6_answer_for(struct home *home, struct leat_ip ip, const struct leat_mac *mac);

/* True if the next frame is a multicast solicitation for @target. */
bool home6_was_asked(struct home *home, struct leat_ip target);

/* The next router solicitation; other frames before it are skipped. */
const struct fake_frame *home6_next_question(struct home *home);

bool mac_is(struct leat_mac a, struct leat_mac b);

#define home6_test(function) cmocka_unit_test_setup_teardown(function, home6_setup, home6_teardown)

#endif

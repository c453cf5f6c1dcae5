/* routers6.h -- what routers say, byte by byte, and a netif that hears them. */
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

/* An advertisement in the making. */
struct router {
    struct leat_ip ip;
    struct leat_mac mac;
    uint8_t message[1400];
    uint32_t len;
};

/* With a lifetime as default router, and its Ethernet address. */
struct router router6(struct leat_ip ip, struct leat_mac mac, uint16_t lifetime_s);

/* Adds options; @units of 8 bytes that follow the first word. */
void router6_prefix(struct router *router, const char *prefix, uint8_t bits, uint8_t flags,
                    uint32_t valid_s, uint32_t preferred_s);
void router6_route(struct router *router, const char *prefix, uint8_t bits, uint8_t preference,
                   uint32_t lifetime_s);
void router6_mtu(struct router *router, uint32_t mtu);
void router6_server(struct router *router, const char *ip, uint32_t lifetime_s);
void router6_domain(struct router *router, const char *wire, uint32_t wire_len,
                    uint32_t lifetime_s);
void router6_nat64(struct router *router, const char *prefix, uint8_t code, uint16_t lifetime_s);

/* It goes to all nodes. */
struct frame router6_frame(const struct router *router);
void router6_says(struct world *world, const struct router *router);

/* A world whose netif hears routers. */
struct home {
    struct world *world; /* first */
    struct leat_slaac *slaac;
    struct leat_slaac_facts facts; /* as told last */
    unsigned told;
};

struct home *home6_create(void);
void home6_begin(struct home *home);
int home6_setup(void **state);
int home6_teardown(void **state);

/* An address of 2001:db8:1::/64 by way of IP6_ROUTER, which is checked and may be used. */
void home6_settle(struct home *home);

/* The facts now. */
const struct leat_slaac_facts *home6_facts(struct home *home);

/* An echo request from @peer to @us comes in, and the reply leaves; where to. */
struct leat_mac home6_ping(struct home *home, struct leat_ip peer, struct leat_ip us);

/* The next frame is a solicitation for @target, by multicast; or one was sent at all. */
bool home6_was_asked(struct home *home, struct leat_ip target);

/* The next router solicitation; what is sent in between is not looked at. */
const struct fake_frame *home6_next_question(struct home *home);

bool mac_is(struct leat_mac a, struct leat_mac b);

#define home6_test(function) cmocka_unit_test_setup_teardown(function, home6_setup, home6_teardown)

#endif

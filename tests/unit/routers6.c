/* routers6.c -- builds router advertisements. */
#include "routers6.h"

struct router router6(struct leat_ip ip, struct leat_mac mac, uint16_t lifetime_s)
{
    struct router router = {.ip = ip, .mac = mac, .message = {134}, .len = 24};

    frame_put16(router.message + 6, lifetime_s);
    router.message[16] = 1;
    router.message[17] = 1;
    memcpy(router.message + 18, mac.octet, 6);
    return router;
}

static void put32_at(uint8_t *at, uint32_t value)
{
    frame_put16(at, value >> 16);
    frame_put16(at + 2, value & 0xffff);
}

static uint8_t *option(struct router *router, uint8_t type, uint8_t units)
{
    uint8_t *at = router->message + router->len;

    assert_true(router->len + units * 8u <= sizeof router->message);
    memset(at, 0, units * 8u);
    at[0] = type;
    at[1] = units;
    router->len += units * 8u;
    return at;
}

void router6_prefix(struct router *router, const char *prefix, uint8_t bits, uint8_t flags,
                    uint32_t valid_s, uint32_t preferred_s)
{
    uint8_t *at = option(router, 3, 4);
    const struct leat_ip ip = ip6_of(prefix);

    at[2] = bits;
    at[3] = flags;
    put32_at(at + 4, valid_s);
    put32_at(at + 8, preferred_s);
    memcpy(at + 16, ip.bytes, 16);
}

void router6_route(struct router *router, const char *prefix, uint8_t bits, uint8_t preference,
                   uint32_t lifetime_s)
{
    uint8_t *at = option(router, 24, 3);
    const struct leat_ip ip = ip6_of(prefix);

    at[2] = bits;
    at[3] = preference;
    put32_at(at + 4, lifetime_s);
    memcpy(at + 8, ip.bytes, 16);
}

void router6_mtu(struct router *router, uint32_t mtu)
{
    put32_at(option(router, 5, 1) + 4, mtu);
}

void router6_server(struct router *router, const char *ip, uint32_t lifetime_s)
{
    uint8_t *at = option(router, 25, 3);
    const struct leat_ip server = ip6_of(ip);

    put32_at(at + 4, lifetime_s);
    memcpy(at + 8, server.bytes, 16);
}

void router6_domain(struct router *router, const char *wire, uint32_t wire_len, uint32_t lifetime_s)
{
    uint8_t *at = option(router, 31, (uint8_t)((8 + wire_len + 7) / 8));

    put32_at(at + 4, lifetime_s);
    memcpy(at + 8, wire, wire_len);
}

void router6_nat64(struct router *router, const char *prefix, uint8_t code, uint16_t lifetime_s)
{
    uint8_t *at = option(router, 38, 2);
    const struct leat_ip ip = ip6_of(prefix);

    frame_put16(at + 2, (lifetime_s & 0xfff8u) | code);
    memcpy(at + 4, ip.bytes, 12);
}

struct frame router6_frame(const struct router *router)
{
    struct frame frame = frame_icmp6(router->ip, IP6_ALL, router->message, router->len);

    memcpy(frame.bytes + 6, router->mac.octet, 6);
    return frame;
}

void router6_says(struct world *world, const struct router *router)
{
    const struct frame frame = router6_frame(router);

    world_feed(world, &frame);
    assert_ended(world, taken_ndp);
}

static void on_change(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg)
{
    struct home *home = arg;

    assert_ptr_equal(slaac, home->slaac);
    home->facts = *facts;
    home->told++;
}

struct home *home6_create(void)
{
    struct home *home = calloc(1, sizeof *home);

    assert_non_null(home);
    home->world = world6_create();
    return home;
}

void home6_begin(struct home *home)
{
    const struct leat_slaac_config config = {.on_change = on_change, .arg = home};

    world_init(home->world);
    assert_int_equal(
        leat_slaac_start(home->world->stack, &home->world->dev.netif, &home->slaac, &config),
        LEAT_OK);
    world_poll(home->world);
}

int home6_setup(void **state)
{
    struct home *home = home6_create();

    home6_begin(home);
    *state = home;
    return 0;
}

int home6_teardown(void **state)
{
    struct home *home = *state;
    void *world = home->world;

    world_teardown(&world);
    free(home);
    return 0;
}

void home6_settle(struct home *home)
{
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    fake_netif_forget(&home->world->dev);
    assert_false(leat_ip_is_any(home->facts.ip));
}

const struct leat_slaac_facts *home6_facts(struct home *home)
{
    return leat_slaac_facts(home->slaac);
}

struct leat_mac home6_ping(struct home *home, struct leat_ip peer, struct leat_ip us)
{
    const struct frame echo = frame_echo6(peer, us, 8);
    const struct fake_frame *sent;
    struct leat_mac mac;

    fake_netif_forget(&home->world->dev);
    world_feed(home->world, &echo);
    assert_ended(home->world, taken_icmp6);
    sent = world_expect(home->world);
    memcpy(mac.octet, sent->bytes, 6);
    return mac;
}

bool home6_was_asked(struct home *home, struct leat_ip target)
{
    const struct fake_frame *sent;

    while ((sent = fake_netif_sent(&home->world->dev))) {
        if (frame_icmp6_type(sent) == 135 &&
            leat_ip_equal(frame_ip6_at(sent->bytes + FRAME6_L4 + 8), target))
            return true;
    }
    return false;
}

bool mac_is(struct leat_mac a, struct leat_mac b)
{
    return memcmp(a.octet, b.octet, 6) == 0;
}

const struct fake_frame *home6_next_question(struct home *home)
{
    const struct fake_frame *sent;

    for (unsigned polls = 0; polls < 100; polls++) {
        while ((sent = fake_netif_sent(&home->world->dev))) {
            if (frame_icmp6_type(sent) == 133)
                return sent;
        }
        home->world->now_ns = home->world->next_ns;
        world_poll(home->world);
    }
    fail_msg("no solicitation");
    return 0;
}

void home6_answer_for(struct home *home, struct leat_ip ip, const struct leat_mac *mac)
{
    struct leat_ip us = home->facts.ip;
    const struct frame frame = frame_ndp(136, 0xe0, ip, us, ip, mac, 0);

    world_feed(home->world, &frame);
}

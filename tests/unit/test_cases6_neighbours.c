/*
 * test_cases6_neighbours.c -- the effect of each message on a neighbour in each state, observed
 * only from outside. The cases are those of conformance testers of IPv6 hosts for RFC 4861 7.2, 7.3
 * and 8.3, one row each (docs/lab/conformance-ipv6.md).
 *
 * The neighbour is a router, fe80::b, so advertisements of routers and redirects can concern it.
 * Its state is recognized by the effect of a packet to it, and by the time of solicitations for it.
 */
#include "routers6.h"

enum {
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    REDIRECT = 137,
    SOLICITED = 0x40,
    OVERRIDE = 0x20,
    BOTH = SOLICITED | OVERRIDE
};

#define MAC_NEW ((struct leat_mac){{2, 0, 0, 0, 0, 0xe}})

enum state {
    NOBODY,
    INCOMPLETE,
    REACHABLE,
    STALE,
    DELAY,
    PROBE
};
enum message {
    ASKS,
    ANSWERS,
    ROUTES,
    REDIRECTED
};
enum address {
    NONE,
    SAME,
    NEW
}; /* the neighbour's Ethernet address in the message */

struct state_case {
    enum state from;
    enum message message;
    uint8_t flags; /* of an advertisement, in addition to "router" */
    enum address address;
    enum state to;
    enum address at; /* the neighbour's address afterwards */
};

static const struct state_case cases[] = {
    /* 7.2.3: solicitations */
    {NOBODY, ASKS, 0, NONE, INCOMPLETE, NONE},
    {NOBODY, ASKS, 0, NEW, STALE, NEW},
    {INCOMPLETE, ASKS, 0, NONE, INCOMPLETE, NONE},
    {INCOMPLETE, ASKS, 0, NEW, DELAY, NEW}, /* the parked packet is sent */
    {REACHABLE, ASKS, 0, NONE, REACHABLE, SAME},
    {REACHABLE, ASKS, 0, SAME, REACHABLE, SAME},
    {REACHABLE, ASKS, 0, NEW, STALE, NEW},
    {STALE, ASKS, 0, NONE, DELAY, SAME}, /* the answer is a packet to it, too */
    {STALE, ASKS, 0, SAME, STALE, SAME},
    {STALE, ASKS, 0, NEW, STALE, NEW},
    {DELAY, ASKS, 0, NONE, DELAY, SAME},
    {DELAY, ASKS, 0, SAME, DELAY, SAME},
    {DELAY, ASKS, 0, NEW, STALE, NEW},
    {PROBE, ASKS, 0, NONE, PROBE, SAME},
    {PROBE, ASKS, 0, SAME, PROBE, SAME},
    {PROBE, ASKS, 0, NEW, STALE, NEW},
    /* 7.2.5: advertisements */
    {NOBODY, ANSWERS, 0, NEW, NOBODY, NONE},
    {NOBODY, ANSWERS, BOTH, NEW, NOBODY, NONE},
    {NOBODY, ANSWERS, SOLICITED, NONE, NOBODY, NONE},
    {INCOMPLETE, ANSWERS, 0, NONE, INCOMPLETE, NONE},
    {INCOMPLETE, ANSWERS, BOTH, NONE, INCOMPLETE, NONE},
    {INCOMPLETE, ANSWERS, 0, NEW, DELAY, NEW}, /* the parked packet is sent */
    {INCOMPLETE, ANSWERS, OVERRIDE, NEW, DELAY, NEW},
    {INCOMPLETE, ANSWERS, SOLICITED, NEW, REACHABLE, NEW},
    {INCOMPLETE, ANSWERS, BOTH, NEW, REACHABLE, NEW},
    {REACHABLE, ANSWERS, 0, NONE, REACHABLE, SAME},
    {REACHABLE, ANSWERS, BOTH, NONE, REACHABLE, SAME},
    {REACHABLE, ANSWERS, 0, SAME, REACHABLE, SAME},
    {REACHABLE, ANSWERS, OVERRIDE, SAME, REACHABLE, SAME},
    {REACHABLE, ANSWERS, SOLICITED, SAME, REACHABLE, SAME},
    {REACHABLE, ANSWERS, 0, NEW, STALE, SAME},
    {REACHABLE, ANSWERS, SOLICITED, NEW, STALE, SAME},
    {REACHABLE, ANSWERS, OVERRIDE, NEW, STALE, NEW},
    {REACHABLE, ANSWERS, BOTH, NEW, REACHABLE, NEW},
    {STALE, ANSWERS, 0, NONE, STALE, SAME},
    {STALE, ANSWERS, SOLICITED, NONE, REACHABLE, SAME},
    {STALE, ANSWERS, OVERRIDE, SAME, STALE, SAME},
    {STALE, ANSWERS, SOLICITED, SAME, REACHABLE, SAME},
    {STALE, ANSWERS, BOTH, SAME, REACHABLE, SAME},
    {STALE, ANSWERS, 0, NEW, STALE, SAME},
    {STALE, ANSWERS, SOLICITED, NEW, STALE, SAME},
    {STALE, ANSWERS, OVERRIDE, NEW, STALE, NEW},
    {STALE, ANSWERS, BOTH, NEW, REACHABLE, NEW},
    {DELAY, ANSWERS, OVERRIDE, SAME, DELAY, SAME},
    {DELAY, ANSWERS, SOLICITED, SAME, REACHABLE, SAME},
    {DELAY, ANSWERS, SOLICITED, NEW, DELAY, SAME},
    {DELAY, ANSWERS, OVERRIDE, NEW, STALE, NEW},
    {DELAY, ANSWERS, BOTH, NEW, REACHABLE, NEW},
    {PROBE, ANSWERS, 0, NONE, PROBE, SAME},
    {PROBE, ANSWERS, SOLICITED, NONE, REACHABLE, SAME},
    {PROBE, ANSWERS, OVERRIDE, SAME, PROBE, SAME},
    {PROBE, ANSWERS, SOLICITED, SAME, REACHABLE, SAME},
    {PROBE, ANSWERS, BOTH, SAME, REACHABLE, SAME},
    {PROBE, ANSWERS, 0, NEW, PROBE, SAME},
    {PROBE, ANSWERS, SOLICITED, NEW, PROBE, SAME},
    {PROBE, ANSWERS, OVERRIDE, NEW, STALE, NEW},
    {PROBE, ANSWERS, BOTH, NEW, REACHABLE, NEW},
    /* 6.3.4: advertisements of routers */
    {NOBODY, ROUTES, 0, NONE, NOBODY, NONE},
    {NOBODY, ROUTES, 0, NEW, STALE, NEW},
    {INCOMPLETE, ROUTES, 0, NONE, INCOMPLETE, NONE},
    {INCOMPLETE, ROUTES, 0, NEW, DELAY, NEW},
    {REACHABLE, ROUTES, 0, NONE, REACHABLE, SAME},
    {REACHABLE, ROUTES, 0, SAME, REACHABLE, SAME},
    {REACHABLE, ROUTES, 0, NEW, STALE, NEW},
    {STALE, ROUTES, 0, SAME, STALE, SAME},
    {STALE, ROUTES, 0, NEW, STALE, NEW},
    {DELAY, ROUTES, 0, SAME, DELAY, SAME},
    {PROBE, ROUTES, 0, NONE, PROBE, SAME},
    {PROBE, ROUTES, 0, SAME, PROBE, SAME},
    {PROBE, ROUTES, 0, NEW, STALE, NEW},
    /* 8.3: redirects to it */
    {NOBODY, REDIRECTED, 0, NONE, NOBODY, NONE},
    {NOBODY, REDIRECTED, 0, NEW, STALE, NEW},
    {INCOMPLETE, REDIRECTED, 0, NONE, INCOMPLETE, NONE},
    {INCOMPLETE, REDIRECTED, 0, NEW, DELAY, NEW},
    {REACHABLE, REDIRECTED, 0, NONE, REACHABLE, SAME},
    {REACHABLE, REDIRECTED, 0, SAME, REACHABLE, SAME},
    {REACHABLE, REDIRECTED, 0, NEW, STALE, NEW},
    {STALE, REDIRECTED, 0, SAME, STALE, SAME},
    {STALE, REDIRECTED, 0, NEW, STALE, NEW},
    {DELAY, REDIRECTED, 0, SAME, DELAY, SAME},
    {PROBE, REDIRECTED, 0, SAME, PROBE, SAME},
    {PROBE, REDIRECTED, 0, NEW, STALE, NEW},
};

static struct leat_mac mac_of(enum address address)
{
    return address == NEW ? MAC_NEW : MAC_ROUTER2;
}

/* The neighbour sends an echo request, so that a reply must be sent to it. */
static void give_it_a_packet(struct home *home)
{
    const struct frame echo = frame_echo6(IP6_ROUTER2, home->facts.ip, 8);

    fake_netif_forget(&home->world->dev);
    world_feed(home->world, &echo);
}

static void advertise(struct home *home, uint8_t flags, enum address address)
{
    const struct leat_mac mac = mac_of(address);
    const struct frame frame = frame_ndp(ADVERTISEMENT, 0x80 | flags, IP6_ROUTER2, home->facts.ip,
                                         IP6_ROUTER2, address == NONE ? 0 : &mac, 0);

    world_feed(home->world, &frame);
}

static void solicit(struct home *home, enum address address)
{
    const struct leat_mac mac = mac_of(address);
    const struct frame frame = frame_ndp(SOLICITATION, 0, IP6_ROUTER2, ip6_asked(home->facts.ip),
                                         home->facts.ip, address == NONE ? 0 : &mac, 0);

    world_feed(home->world, &frame);
}

static void redirect(struct home *home, enum address address)
{
    const struct leat_ip target = IP6_ROUTER2, dst = IP6_FAR;
    const struct leat_mac mac = mac_of(address);
    uint8_t message[48] = {REDIRECT};
    struct frame frame;

    memcpy(message + 8, target.bytes, 16);
    memcpy(message + 24, dst.bytes, 16);
    message[40] = 2;
    message[41] = 1;
    memcpy(message + 42, mac.octet, 6);
    frame = frame_icmp6(IP6_ROUTER, home->facts.ip, message, address == NONE ? 40 : 48);
    world_feed(home->world, &frame);
    assert_ended(home->world, taken_ndp);
}

static void send(struct home *home, const struct state_case *c)
{
    struct router router = router6(IP6_ROUTER2, mac_of(c->address), 0);

    fake_netif_forget(&home->world->dev);
    switch (c->message) {
    case ASKS:
        solicit(home, c->address);
        break;
    case ANSWERS:
        advertise(home, c->flags, c->address);
        break;
    case ROUTES:
        if (c->address == NONE)
            router.len = 16;
        router6_says(home->world, &router);
        break;
    case REDIRECTED:
        redirect(home, c->address);
        break;
    }
}

static void bring_it_to(struct home *home, enum state state)
{
    if (state == NOBODY)
        return;
    if (state == STALE || state == DELAY || state == PROBE)
        solicit(home, SAME);
    if (state != STALE)
        give_it_a_packet(home);
    if (state == REACHABLE)
        advertise(home, BOTH, SAME);
    if (state == PROBE)
        world_wait(home->world, 5200 * ms);
}

/* The number of solicitations for it so far, to one address (@mac) or multicast; other packets for
 * it must go to @mac, too. */
static unsigned questions(struct home *home, const struct leat_mac *mac)
{
    const struct fake_frame *sent;
    unsigned count = 0;

    while ((sent = fake_netif_sent(&home->world->dev))) {
        const bool is_question =
            frame_icmp6_type(sent) == SOLICITATION &&
            leat_ip_equal(frame_ip6_at(sent->bytes + FRAME6_L4 + 8), IP6_ROUTER2);

        if (is_question && (sent->bytes[0] == 0x33) != (mac == 0))
            return 1000;
        if (mac && sent->bytes[0] != 0x33 && memcmp(sent->bytes, mac->octet, 6) != 0)
            return 1000;
        count += is_question;
    }
    return count;
}

static unsigned questions_within(struct home *home, uint64_t ns, const struct leat_mac *mac)
{
    world_wait(home->world, ns);
    return questions(home, mac);
}

/* True if a packet to it is sent at once, to its address. */
static bool is_sent_at_once(struct home *home, const struct leat_mac *mac)
{
    const struct fake_frame *sent;

    give_it_a_packet(home);
    sent = fake_netif_sent(&home->world->dev);
    return sent && frame_icmp6_type(sent) == 129 && memcmp(sent->bytes, mac->octet, 6) == 0;
}

static bool is_in(struct home *home, enum state state, enum address at)
{
    const struct leat_mac mac = mac_of(at);

    switch (state) {
    case NOBODY:
        give_it_a_packet(home);
        return questions(home, 0) == 1;
    case INCOMPLETE: /* a solicitation was sent, and is repeated */
        give_it_a_packet(home);
        return questions(home, 0) == 0 && questions_within(home, 1100 * ms, 0) == 1;
    case REACHABLE:
        return is_sent_at_once(home, &mac) && questions_within(home, 14 * second, &mac) == 0;
    case STALE:
        return questions_within(home, 7 * second, &mac) == 0 && is_sent_at_once(home, &mac) &&
               questions_within(home, 4900 * ms, &mac) == 0 &&
               questions_within(home, 200 * ms, &mac) == 1;
    case DELAY:
        return questions(home, &mac) == 0 && is_sent_at_once(home, &mac) &&
               questions_within(home, 5100 * ms, &mac) == 1;
    case PROBE:
        return questions(home, &mac) == 0 && is_sent_at_once(home, &mac) &&
               questions_within(home, 1100 * ms, &mac) == 1;
    }
    return false;
}

static void each_message_leads_to_its_state(void **state)
{
    static const char *const names[] = {"NOBODY", "INCOMPLETE", "REACHABLE",
                                        "STALE",  "DELAY",      "PROBE"};
    static const char *const messages[] = {"a solicitation", "an advertisement",
                                           "an advertisement of a router", "a redirect"};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct state_case *c = &cases[i];
        struct home *home = home6_create();
        void *made = home;

        home6_begin(home);
        home6_settle(home);
        bring_it_to(home, c->from);
        send(home, c);
        if (c->to != DELAY && c->message != ASKS && questions(home, 0) % 1000 != 0)
            fail_msg("row %u: it was asked", i);
        if (c->message == ASKS || c->to == DELAY)
            fake_netif_forget(&home->world->dev); /* the answer, or the parked packet */
        if (!is_in(home, c->to, c->at))
            fail_msg("row %u: %s %s with flags %02x and address %u: not %s", i, names[c->from],
                     messages[c->message], c->flags, c->address, names[c->to]);
        home6_teardown(&made);
    }
}

/* RFC 4861 7.2.5: a cleared router flag counts, whatever the rest of the message. */
static void the_router_flag_counts_in_each_state(void **state)
{
    static const struct {
        enum state from;
        uint8_t flags;
        enum address address;
        bool heeded;
    } rows[] = {
        {REACHABLE, 0, NONE, true},       {REACHABLE, BOTH, SAME, true},
        {REACHABLE, OVERRIDE, NEW, true}, {REACHABLE, 0, NEW, false},
        {STALE, SOLICITED, SAME, true},   {STALE, BOTH, NEW, true},
        {STALE, SOLICITED, NEW, false},   {PROBE, SOLICITED, SAME, true},
        {PROBE, 0, NEW, false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct leat_mac mac = mac_of(rows[i].address);
        struct home *home = home6_create();
        struct router router = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
        void *made = home;
        struct frame frame;

        router.message[5] = 0x08; /* preferred, and with our prefix */
        router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
        home6_begin(home);
        home6_settle(home);
        bring_it_to(home, rows[i].from);
        router6_says(home->world, &router);
        assert_true(leat_ip_equal(home6_facts(home)->gateway, IP6_ROUTER2));
        frame = frame_ndp(ADVERTISEMENT, rows[i].flags, IP6_ROUTER2, home->facts.ip, IP6_ROUTER2,
                          rows[i].address == NONE ? 0 : &mac, 0);
        world_feed(home->world, &frame);
        if (leat_ip_equal(home6_facts(home)->gateway, rows[i].heeded ? IP6_ROUTER2 : IP6_ROUTER))
            fail_msg("row %u", i);
        home6_teardown(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_leads_to_its_state),
        cmocka_unit_test(the_router_flag_counts_in_each_state),
    };

    return cmocka_run_group_tests_name("cases6_neighbours", tests, 0, 0);
}

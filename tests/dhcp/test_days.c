/*
 * test_days.c -- days of virtual time with servers that are late, silent, wrong, or change their
 * mind, on a wire that loses: 1,000 seeds.
 *
 * After each turn: an address is only used as long as a server has granted it.  In the end the
 * servers are honest for a few hours, and then there must be an address.
 */
#include "dhcp_talk.h"

#include "unit.h"

enum {
    DISCOVER = 1,
    OFFER = 2,
    REQUEST = 3,
    ACK = 5,
    NAK = 6,
    SEEDS = 1000,
    SEEDS_PART = 100, /* of a test: so that one that fails says where to look */
    ADDRESSES = 8,
    PENDING_MAX = 16
};

static const uint64_t wild_ns = 2 * 86400 * UINT64_C(1000000000);
static const uint64_t honest_ns = 6 * 3600 * UINT64_C(1000000000);
static const uint64_t slack_ns = 1100; /* a tick of the wheel */

struct pending {
    uint64_t at_ns;
    struct answer answer;
};

struct server {
    struct talk *talk;
    uint64_t seed;
    bool honest;
    unsigned next;                        /* address to give */
    uint64_t granted_until_ns[ADDRESSES]; /* by an ACK that was sent */
    struct pending pending[PENDING_MAX];
    unsigned pending_count;
};

static bool happens(struct server *server, unsigned percent)
{
    return !server->honest && unit_below(&server->seed, 100) < percent;
}

static void send_later(struct server *server, const struct answer *made, uint64_t delay_ns)
{
    if (server->pending_count < PENDING_MAX && !happens(server, 10))
        server->pending[server->pending_count++] =
            (struct pending){server->talk->world->now_ns + delay_ns, *made};
}

static uint64_t draw_delay_ns(struct server *server)
{
    return happens(server, 15) ? unit_below(&server->seed, 20000) * ms
                               : unit_below(&server->seed, 300) * ms / 100;
}

static void spoil(struct server *server, struct answer *made)
{
    static const uint8_t other[4] = {10, 0, 0, 77};

    if (happens(server, 5))
        made->bytes[5] ^= 1; /* xid */
    if (happens(server, 5))
        answer_change(made, 54, other, 4);
    if (happens(server, 5))
        made->bytes[245 + unit_below(&server->seed, 20)] ^=
            (uint8_t)(1 << unit_below(&server->seed, 8));
}

/* Which of the server's addresses the client has or asks for; ADDRESSES: none of them. */
static unsigned index_of(leat_ip4 ip)
{
    const uint32_t index = ip - IP_GRANTED;

    return index < ADDRESSES ? index : ADDRESSES;
}

static void reply(struct server *server, uint8_t type, unsigned index)
{
    const uint32_t lease_s = 10 + unit_below(&server->seed, happens(server, 50) ? 60 : 7200);
    struct answer made = answer(server->talk, type, lease_s);
    const uint64_t until_ns = server->talk->world->now_ns + lease_s * second;

    if (type != NAK)
        frame_put32(made.bytes + 16, IP_GRANTED + index);
    if (type == ACK && until_ns > server->granted_until_ns[index])
        server->granted_until_ns[index] = until_ns;
    if (type != ACK) /* what a spoilt ACK grants nobody would know */
        spoil(server, &made);
    send_later(server, &made, draw_delay_ns(server));
    if (happens(server, 10))
        send_later(server, &made, draw_delay_ns(server));
}

static void serve(struct server *server)
{
    const struct heard *heard = &server->talk->heard;
    const leat_ip4 wanted = heard->ciaddr ? heard->ciaddr : heard->requested;
    unsigned index = index_of(wanted);

    if (happens(server, 25)) /* lost, or the server is away */
        return;
    if (heard->type == DISCOVER) {
        server->next = unit_below(&server->seed, ADDRESSES);
        reply(server, OFFER, server->next);
    } else if (heard->type == REQUEST && (index == ADDRESSES || happens(server, 5))) {
        reply(server, NAK, 0);
    } else if (heard->type == REQUEST) {
        reply(server, ACK, index);
    }
}

/* The next of what waits, or NULL. */
static struct pending *next_pending(struct server *server)
{
    struct pending *next = NULL;

    for (unsigned i = 0; i < server->pending_count; i++) {
        if (!next || server->pending[i].at_ns < next->at_ns)
            next = &server->pending[i];
    }
    return next;
}

static void check(const struct server *server)
{
    const struct talk *talk = server->talk;
    const leat_ip4 ip =
        leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif));

    if (ip == IP4_ANY)
        return;
    assert_int_not_equal(index_of(ip), ADDRESSES);
    if (talk->world->now_ns > server->granted_until_ns[index_of(ip)] + slack_ns)
        fail_msg("an address is used that was granted until %llu s, at %llu s",
                 (unsigned long long)(server->granted_until_ns[index_of(ip)] / second),
                 (unsigned long long)(talk->world->now_ns / second));
}

static void step(struct server *server, uint64_t end_ns)
{
    struct talk *talk = server->talk;
    struct world *world = talk->world;
    struct pending *due = next_pending(server);
    uint64_t at_ns = world->next_ns < end_ns ? world->next_ns : end_ns;

    if (due && due->at_ns <= at_ns) {
        const struct answer made = due->answer;

        if (due->at_ns > world->now_ns)
            world->now_ns = due->at_ns;
        *due = server->pending[--server->pending_count];
        talk_feed(talk, &made);
    } else {
        world->now_ns = at_ns;
        world_poll(world);
    }
    if (happens(server, 1) && leat_dhcp_lease(talk->dhcp))
        talk_claim(talk, leat_ip_v4_number(leat_dhcp_lease(talk->dhcp)->ip));
    talk->news_count = 0;
    check(server);
    if (talk_listen(talk))
        serve(server);
}

static void run_until(struct server *server, uint64_t end_ns)
{
    for (unsigned steps = 0; server->talk->world->now_ns < end_ns; steps++) {
        assert_true(steps < 200000);
        step(server, end_ns);
    }
}

static void run_seed(uint64_t seed)
{
    struct server *server = calloc(1, sizeof *server);
    void *talk = NULL;

    assert_non_null(server);
    server->seed = seed * 0x9e3779b97f4a7c15u + 1;
    talk_setup_later(&talk);
    server->talk = talk;
    server->talk->world->config.buf_count = 64;
    server->talk->world->config.seed[0] = (uint8_t)seed;
    server->talk->world->config.seed[1] = (uint8_t)(seed >> 8);
    server->talk->config.check = seed % 3 ? LEAT_DHCP_CHECK_BESIDE : LEAT_DHCP_CHECK_FIRST;
    server->talk->config.rapid_commit = seed % 5 == 0;
    talk_begin(server->talk);
    talk_start(server->talk, NULL);
    serve(server);
    run_until(server, server->talk->world->now_ns + wild_ns);
    server->honest = true;
    run_until(server, server->talk->world->now_ns + honest_ns);
    if (!leat_dhcp_lease(server->talk->dhcp))
        fail_msg("no address after hours of an honest server: %s",
                 leat_dhcp_state_name(server->talk->dhcp));
    talk_teardown(&talk);
    free(server);
}

static void days_of_bad_servers(void **state)
{
    const uint64_t first = (uint64_t)(uintptr_t)*state;

    for (uint64_t seed = first; seed < first + SEEDS_PART; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_seed(seed);
    }
}

int main(void)
{
    static struct CMUnitTest tests[SEEDS / SEEDS_PART];

    for (unsigned i = 0; i < SEEDS / SEEDS_PART; i++)
        tests[i] = (struct CMUnitTest){"days of bad servers", days_of_bad_servers, NULL, NULL,
                                       (void *)(uintptr_t)(1 + i * SEEDS_PART)};
    return _cmocka_run_group_tests("days", tests, SEEDS / SEEDS_PART, NULL, NULL);
}

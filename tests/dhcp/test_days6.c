/*
 * test_days6.c -- days of virtual time with DHCPv6 servers that are late, silent, wrong, or change
 * their mind, on a wire that loses: 1,000 seeds.
 *
 * After each turn: an address is only used as long as a server has granted it.  In the end the
 * servers are honest for a few hours, and then there must be an address.
 */
#include "dhcp6_talk.h"

#include "unit.h"

enum {
    SEEDS = 1000,
    SEEDS_PART = 100, /* of a test: so that one that fails says where to look */
    ADDRESSES = 8,
    PENDING_MAX = 16
};

static const uint64_t wild_ns = 86400 * UINT64_C(1000000000);
static const uint64_t honest_ns = 6 * 3600 * UINT64_C(1000000000);
static const uint64_t slack_ns = 1100; /* a tick of the wheel */

struct pending {
    uint64_t at_ns;
    struct answer6 answer;
};

struct server {
    struct talk6 *talk;
    uint64_t seed;
    bool honest;
    uint64_t granted_until_ns[ADDRESSES]; /* by a Reply that was sent */
    struct pending pending[PENDING_MAX];
    unsigned pending_count;
};

static bool happens(struct server *server, unsigned percent)
{
    return !server->honest && unit_below(&server->seed, 100) < percent;
}

static void send_later(struct server *server, const struct answer6 *made, uint64_t delay_ns)
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

static struct leat_ip address_of(unsigned index)
{
    struct leat_ip ip = IP6_LEASED;

    ip.bytes[15] = (uint8_t)(ip.bytes[15] + index);
    return ip;
}

/* The server's addresses; ADDRESSES: none of them. */
static unsigned index_of(struct leat_ip ip)
{
    for (unsigned i = 0; i < ADDRESSES; i++) {
        if (leat_ip_equal(ip, address_of(i)))
            return i;
    }
    return ADDRESSES;
}

/* A bit, in what isn't a Reply: what a spoilt Reply grants nobody would know. */
static void spoil(struct server *server, struct answer6 *made)
{
    if (happens(server, 10))
        made->bytes[1 + unit_below(&server->seed, made->len - 1)] ^=
            (uint8_t)(1 << unit_below(&server->seed, 8));
}

static void grant(struct server *server, uint8_t type, unsigned index, bool is_rapid)
{
    const uint32_t valid_s = 10 + unit_below(&server->seed, happens(server, 50) ? 60 : 7200);
    const uint64_t until_ns = server->talk->world->now_ns + valid_s * second;
    struct answer6 made = answer6(server->talk, type);

    answer6_ia(&made, server->talk, 0, 0);
    answer6_address(&made, address_of(index), valid_s - unit_below(&server->seed, 10), valid_s);
    answer6_close(&made);
    if (is_rapid)
        answer6_option(&made, DHCP6_RAPID_COMMIT, NULL, 0);
    if (type == DHCP6_ADVERTISE)
        spoil(server, &made);
    else if (until_ns > server->granted_until_ns[index])
        server->granted_until_ns[index] = until_ns;
    send_later(server, &made, draw_delay_ns(server));
    if (happens(server, 10))
        send_later(server, &made, draw_delay_ns(server));
}

/* A Reply that grants nothing, with a status that is drawn if it isn't 0. */
static void say(struct server *server, bool in_ia, uint16_t statuses)
{
    struct answer6 made = answer6(server->talk, DHCP6_REPLY);

    if (in_ia)
        answer6_ia(&made, server->talk, 0, 0);
    answer6_status(&made, statuses ? (uint16_t)unit_below(&server->seed, statuses) : 0);
    send_later(server, &made, draw_delay_ns(server));
}

static void serve(struct server *server)
{
    const struct heard6 *heard = &server->talk->heard;
    const unsigned index = index_of(heard->ip);
    struct wire_dhcp6_option option;

    if (happens(server, 25)) /* lost, or the server is away */
        return;
    if (heard->type == DHCP6_SOLICIT) {
        const bool is_rapid =
            wire_dhcp6_find(&heard->options, DHCP6_RAPID_COMMIT, &option) && !happens(server, 50);

        grant(server, is_rapid ? DHCP6_REPLY : DHCP6_ADVERTISE,
              unit_below(&server->seed, ADDRESSES), is_rapid);
    } else if (heard->type == DHCP6_RELEASE || heard->type == DHCP6_DECLINE ||
               heard->type == DHCP6_CONFIRM) {
        say(server, false, happens(server, 50) ? 6 : 0);
    } else if (index == ADDRESSES || happens(server, 8)) {
        say(server, true, 6);
    } else {
        grant(server, DHCP6_REPLY,
              happens(server, 5) ? unit_below(&server->seed, ADDRESSES) : index, false);
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
    const uint64_t now_ns = server->talk->world->now_ns;

    for (unsigned i = 0; i < ADDRESSES; i++) {
        if (talk6_has(server->talk, address_of(i)) &&
            now_ns > server->granted_until_ns[i] + slack_ns)
            fail_msg("an address is used that was granted until %llu s, at %llu s",
                     (unsigned long long)(server->granted_until_ns[i] / second),
                     (unsigned long long)(now_ns / second));
    }
}

static void step(struct server *server, uint64_t end_ns)
{
    struct talk6 *talk = server->talk;
    struct world *world = talk->world;
    struct pending *due = next_pending(server);
    uint64_t at_ns = world->next_ns < end_ns ? world->next_ns : end_ns;

    if (due && due->at_ns <= at_ns) {
        const struct answer6 made = due->answer;

        if (due->at_ns > world->now_ns)
            world->now_ns = due->at_ns;
        *due = server->pending[--server->pending_count];
        talk6_feed(talk, &made);
    } else {
        world->now_ns = at_ns;
        world_poll(world);
    }
    if (happens(server, 1))
        talk6_claim(talk, talk->dhcp6->lease.ip);
    if (happens(server, 1))
        leat_dhcp6_confirm(talk->dhcp6);
    talk->news_count = 0;
    check(server);
    if (talk6_listen(talk))
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
    talk6_setup_later(&talk);
    server->talk = talk;
    server->talk->world->config.buf_count = 64;
    server->talk->world->config.seed[0] = (uint8_t)seed;
    server->talk->world->config.seed[1] = (uint8_t)(seed >> 8);
    server->talk->config.rapid_commit = seed % 3 == 0;
    talk6_begin(server->talk);
    talk6_start(server->talk);
    serve(server);
    run_until(server, server->talk->world->now_ns + wild_ns);
    server->honest = true;
    run_until(server, server->talk->world->now_ns + honest_ns);
    if (!leat_dhcp6_lease(server->talk->dhcp6))
        fail_msg("no address after hours of an honest server: %s",
                 leat_dhcp6_state_name(server->talk->dhcp6));
    talk6_teardown(&talk);
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

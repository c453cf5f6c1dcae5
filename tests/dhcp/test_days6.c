/*
 * test_days6.c -- days of virtual time with DHCPv6 servers that are late, silent, wrong, or change
 * their behaviour, on a lossy wire: 1,000 seeds.
 *
 * After each turn an address is in use only as long as a server has granted it. At the end the
 * servers are correct for a few hours, and then there must be an address.
 */
#include "dhcp6_talk.h"

#include "unit.h"
#include "wild.h"

static const uint64_t wild_ns = 86400 * UINT64_C(1000000000);
struct server {
    struct wild wild; /* first: a wild one is its server */
    struct talk6 *talk;
};

static struct leat_ip address_of(unsigned index)
{
    struct leat_ip ip = IP6_LEASED;

    ip.bytes[15] = (uint8_t)(ip.bytes[15] + index);
    return ip;
}

/* The server's addresses; WILD_ADDRESSES: none of them. */
static unsigned index_of(struct leat_ip ip)
{
    for (unsigned i = 0; i < WILD_ADDRESSES; i++) {
        if (leat_ip_equal(ip, address_of(i)))
            return i;
    }
    return WILD_ADDRESSES;
}

/* Flips a bit, except in a Reply: the lease of a spoilt Reply would be unknown. */
static void spoil(struct server *server, struct answer6 *made)
{
    if (wild_happens(&server->wild, 10))
        made->bytes[1 + unit_below(&server->wild.seed, made->len - 1)] ^=
            (uint8_t)(1 << unit_below(&server->wild.seed, 8));
}

static void grant(struct server *server, uint8_t type, unsigned index, bool is_rapid)
{
    const uint32_t valid_s =
        10 + unit_below(&server->wild.seed, wild_happens(&server->wild, 50) ? 60 : 7200);
    const uint64_t until_ns = server->talk->world->now_ns + valid_s * second;
    struct answer6 made = answer6(server->talk, type);

    answer6_ia(&made, server->talk, 0, 0);
    answer6_address(&made, address_of(index), valid_s - unit_below(&server->wild.seed, 10),
                    valid_s);
    answer6_close(&made);
    if (is_rapid)
        answer6_option(&made, DHCP6_RAPID_COMMIT, NULL, 0);
    if (type == DHCP6_ADVERTISE)
        spoil(server, &made);
    else
        wild_grant(&server->wild, index, until_ns);
    wild_send(&server->wild, &made);
}

/* A Reply that grants nothing, with a random status if it isn't 0. */
static void say(struct server *server, bool in_ia, uint16_t statuses)
{
    struct answer6 made = answer6(server->talk, DHCP6_REPLY);

    if (in_ia)
        answer6_ia(&made, server->talk, 0, 0);
    answer6_status(&made, statuses ? (uint16_t)unit_below(&server->wild.seed, statuses) : 0);
    wild_send_once(&server->wild, &made);
}

static void serve(struct server *server)
{
    const struct heard6 *heard = &server->talk->heard;
    const unsigned index = index_of(heard->ip);
    struct wire_dhcp6_option option;

    if (wild_happens(&server->wild, 25)) /* lost, or the server is down */
        return;
    if (heard->type == DHCP6_SOLICIT) {
        const bool is_rapid = wire_dhcp6_find(&heard->options, DHCP6_RAPID_COMMIT, &option) &&
                              !wild_happens(&server->wild, 50);

        grant(server, is_rapid ? DHCP6_REPLY : DHCP6_ADVERTISE,
              unit_below(&server->wild.seed, WILD_ADDRESSES), is_rapid);
    } else if (heard->type == DHCP6_RELEASE || heard->type == DHCP6_DECLINE ||
               heard->type == DHCP6_CONFIRM) {
        say(server, false, wild_happens(&server->wild, 50) ? 6 : 0);
    } else if (index == WILD_ADDRESSES || wild_happens(&server->wild, 8)) {
        say(server, true, 6);
    } else {
        grant(server, DHCP6_REPLY,
              wild_happens(&server->wild, 5) ? unit_below(&server->wild.seed, WILD_ADDRESSES)
                                             : index,
              false);
    }
}

static void check(const struct server *server)
{
    for (unsigned i = 0; i < WILD_ADDRESSES; i++) {
        if (talk6_has(server->talk, address_of(i)))
            wild_check(&server->wild, i);
    }
}

static void feed(struct wild *wild, const void *made)
{
    talk6_feed(((struct server *)wild)->talk, made);
}

static void after_turn(struct wild *wild)
{
    struct server *server = (struct server *)wild;
    struct talk6 *talk = server->talk;

    if (wild_happens(wild, 1))
        talk6_claim(talk, talk->dhcp6->lease.ip);
    if (wild_happens(wild, 1))
        leat_dhcp6_confirm(talk->dhcp6);
    talk->news_count = 0;
    check(server);
    if (talk6_listen(talk))
        serve(server);
}

static const struct wild_family family = {
    .answer_bytes = sizeof(struct answer6), .feed = feed, .after_turn = after_turn};

static void run_seed(uint64_t seed)
{
    struct server *server = calloc(1, sizeof *server);
    void *talk = NULL;

    assert_non_null(server);
    talk6_setup_later(&talk);
    server->talk = talk;
    server->wild.family = &family;
    server->wild.world = server->talk->world;
    server->wild.seed = seed * 0x9e3779b97f4a7c15u + 1;
    server->talk->world->config.buf_count = 64;
    server->talk->world->config.seed[0] = (uint8_t)seed;
    server->talk->world->config.seed[1] = (uint8_t)(seed >> 8);
    server->talk->config.rapid_commit = seed % 3 == 0;
    talk6_begin(server->talk);
    talk6_start(server->talk);
    serve(server);
    wild_run(&server->wild, wild_ns);
    if (!leat_dhcp6_lease(server->talk->dhcp6))
        fail_msg("no address after hours of an honest server: %s",
                 leat_dhcp6_state_name(server->talk->dhcp6));
    talk6_teardown(&talk);
    free(server);
}

int main(void)
{
    return wild_main(run_seed);
}

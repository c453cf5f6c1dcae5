/*
 * test_days.c -- days of virtual time with servers that are late, silent, wrong, or change their
 * behaviour, on a lossy wire: 1,000 seeds.
 *
 * After each turn an address is in use only as long as a server has granted it. At the end the
 * servers are correct for a few hours, and then there must be an address.
 */
#include "dhcp_talk.h"

#include "unit.h"
#include "wild.h"

enum {
    DISCOVER = 1,
    OFFER = 2,
    REQUEST = 3,
    ACK = 5,
    NAK = 6
};

static const uint64_t wild_ns = 2 * 86400 * UINT64_C(1000000000);
struct server {
    struct wild wild; /* first: a wild one is its server */
    struct talk *talk;
};

static void spoil(struct server *server, struct answer *made)
{
    static const uint8_t other[4] = {10, 0, 0, 77};

    if (wild_happens(&server->wild, 5))
        made->bytes[5] ^= 1; /* xid */
    if (wild_happens(&server->wild, 5))
        answer_change(made, 54, other, 4);
    if (wild_happens(&server->wild, 5))
        made->bytes[245 + unit_below(&server->wild.seed, 20)] ^=
            (uint8_t)(1 << unit_below(&server->wild.seed, 8));
}

/* The server's address that the client has or asks for; WILD_ADDRESSES: none. */
static unsigned index_of(leat_ip4 ip)
{
    const uint32_t index = ip - IP_GRANTED;

    return index < WILD_ADDRESSES ? index : WILD_ADDRESSES;
}

static void reply(struct server *server, uint8_t type, unsigned index)
{
    const uint32_t lease_s =
        10 + unit_below(&server->wild.seed, wild_happens(&server->wild, 50) ? 60 : 7200);
    struct answer made = answer(server->talk, type, lease_s);
    const uint64_t until_ns = server->talk->world->now_ns + lease_s * second;

    if (type != NAK)
        frame_put32(made.bytes + 16, IP_GRANTED + index);
    if (type == ACK)
        wild_grant(&server->wild, index, until_ns);
    if (type != ACK) /* the lease of a spoilt ACK would be unknown */
        spoil(server, &made);
    wild_send(&server->wild, &made);
}

static void serve(struct server *server)
{
    const struct heard *heard = &server->talk->heard;
    const leat_ip4 wanted = heard->ciaddr ? heard->ciaddr : heard->requested;
    unsigned index = index_of(wanted);

    if (wild_happens(&server->wild, 25)) /* lost, or the server is down */
        return;
    if (heard->type == DISCOVER) {
        reply(server, OFFER, unit_below(&server->wild.seed, WILD_ADDRESSES));
    } else if (heard->type == REQUEST &&
               (index == WILD_ADDRESSES || wild_happens(&server->wild, 5))) {
        reply(server, NAK, 0);
    } else if (heard->type == REQUEST) {
        reply(server, ACK, index);
    }
}

static void check(const struct server *server)
{
    const struct talk *talk = server->talk;
    const leat_ip4 ip =
        leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif));

    if (ip == IP4_ANY)
        return;
    assert_int_not_equal(index_of(ip), WILD_ADDRESSES);
    wild_check(&server->wild, index_of(ip));
}

static void feed(struct wild *wild, const void *made)
{
    talk_feed(((struct server *)wild)->talk, made);
}

static void after_turn(struct wild *wild)
{
    struct server *server = (struct server *)wild;
    struct talk *talk = server->talk;

    if (wild_happens(wild, 1) && leat_dhcp_lease(talk->dhcp))
        talk_claim(talk, leat_ip_v4_number(leat_dhcp_lease(talk->dhcp)->ip));
    talk->news_count = 0;
    check(server);
    if (talk_listen(talk))
        serve(server);
}

static const struct wild_family family = {
    .answer_bytes = sizeof(struct answer), .feed = feed, .after_turn = after_turn};

static void run_seed(uint64_t seed)
{
    struct server *server = calloc(1, sizeof *server);
    void *talk = NULL;

    assert_non_null(server);
    talk_setup_later(&talk);
    server->talk = talk;
    server->wild.family = &family;
    server->wild.world = server->talk->world;
    server->wild.seed = seed * 0x9e3779b97f4a7c15u + 1;
    server->talk->world->config.buf_count = 64;
    server->talk->world->config.seed[0] = (uint8_t)seed;
    server->talk->world->config.seed[1] = (uint8_t)(seed >> 8);
    server->talk->config.check = seed % 3 ? LEAT_DHCP_CHECK_BESIDE : LEAT_DHCP_CHECK_FIRST;
    server->talk->config.rapid_commit = seed % 5 == 0;
    talk_begin(server->talk);
    talk_start(server->talk, NULL);
    serve(server);
    wild_run(&server->wild, wild_ns);
    if (!leat_dhcp_lease(server->talk->dhcp))
        fail_msg("no address after hours of an honest server: %s",
                 leat_dhcp_state_name(server->talk->dhcp));
    talk_teardown(&talk);
    free(server);
}

int main(void)
{
    return wild_main(run_seed);
}

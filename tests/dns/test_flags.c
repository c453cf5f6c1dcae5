/* test_flags.c -- the flags of replies, of a server and of a forwarder: those that a reply repeats
 * from its query, and the others (RFC 1035 4.1.1, RFC 4035 3.1.6 and 3.2.2). */
#include "dns_home.h"

enum {
    OPCODE = 15 << 11,
    Z = 1 << 6, /* reserved */
    STATUS = 2 << 11,
    NOISE = DNS_AA | DNS_RA | Z, /* bits that say nothing in a query */
    AXFR = 252,
    TSIG = 250
};

/* ---- The server --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint16_t type;
    uint16_t query, reply; /* flags, without QR; the reply's with the rcode */
} served[] = {
    {"www.example.test", LEAT_DNS_A, 0, DNS_AA},
    {"www.example.test", LEAT_DNS_A, DNS_RD, DNS_AA | DNS_RD},
    {"www.example.test", LEAT_DNS_A, NOISE | DNS_AD | DNS_CD, DNS_AA},
    {"no.example.test", LEAT_DNS_A, DNS_RD, DNS_AA | DNS_RD | LEAT_DNS_NXDOMAIN},
    {"x.sub.example.test", LEAT_DNS_A, DNS_RD, DNS_RD}, /* a referral */
    {"x.sub.example.test", LEAT_DNS_A, NOISE, 0},
    {"www.example.net", LEAT_DNS_A, DNS_RD, DNS_RD | LEAT_DNS_REFUSED},
    {"www.example.net", LEAT_DNS_A, NOISE, LEAT_DNS_REFUSED},
    {"example.test", AXFR, DNS_RD, DNS_RD | LEAT_DNS_REFUSED},
    {"example.test", TSIG, DNS_RD, DNS_RD | LEAT_DNS_NOTIMP},
    {"www.example.test", LEAT_DNS_A, STATUS | DNS_RD, STATUS | DNS_RD | LEAT_DNS_NOTIMP},
    {"www.example.test", LEAT_DNS_A, OPCODE | NOISE, OPCODE | LEAT_DNS_NOTIMP},
};

static unsigned served_flags(const struct leat_dns_zone *zone, enum leat_dns_transport transport,
                             const struct message *query)
{
    const struct leat_dns_zones zones = {.list = &zone, .count = 1};
    uint8_t reply[1500];

    assert_true(leat_dns_answer(&zones, transport, query->bytes, query->len, reply, sizeof reply) >
                0);
    return get16(reply + 2);
}

static void test_what_a_server_repeats(void **state)
{
    struct message query;
    void *memory;
    const struct leat_dns_zone *zone = zone_of(test_zone_text, &memory);

    (void)state;
    for (unsigned i = 0; i < sizeof served / sizeof *served; i++) {
        make_query(&query, served[i].name, served[i].type, 0);
        put16(query.bytes + 2, served[i].query);
        for (unsigned tcp = 0; tcp < 2; tcp++)
            assert_int_equal(
                served_flags(zone, tcp ? LEAT_DNS_OVER_TCP : LEAT_DNS_OVER_UDP, &query),
                DNS_QR | served[i].reply);
    }
    /* over the limit of replies: TC instead of an answer, or of a refusal */
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    put16(query.bytes + 2, DNS_RD | NOISE);
    assert_int_equal(served_flags(zone, LEAT_DNS_SLIP, &query), DNS_QR | DNS_TC | DNS_RD);
    make_query(&query, "www.example.net", LEAT_DNS_A, 0);
    assert_int_equal(served_flags(zone, LEAT_DNS_SLIP, &query), DNS_QR | DNS_TC | DNS_RD);
    put16(query.bytes + 4, 2); /* two questions */
    assert_int_equal(served_flags(zone, LEAT_DNS_OVER_UDP, &query),
                     DNS_QR | DNS_RD | LEAT_DNS_FORMERR);
    free(memory);
}

/* ---- The forwarder ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    uint16_t type;
    uint16_t query, reply; /* flags, without QR and RA; the reply's with the rcode */
} forwarded[] = {
    {"www.example.test", LEAT_DNS_A, DNS_RD, DNS_RD}, /* of the server, then of the cache */
    {"www.example.test", LEAT_DNS_A, DNS_RD | NOISE, DNS_RD},
    {"www.example.test", LEAT_DNS_A, DNS_RD | DNS_CD, DNS_RD | DNS_CD},
    {"www.example.test", LEAT_DNS_A, DNS_RD | DNS_CD | NOISE, DNS_RD | DNS_CD},
    {"localhost", LEAT_DNS_A, DNS_RD | DNS_CD, DNS_RD | DNS_CD},
    {"a.invalid", LEAT_DNS_A, DNS_RD | DNS_CD, DNS_RD | DNS_CD | LEAT_DNS_NXDOMAIN},
    {"www.example.test", LEAT_DNS_A, 0, LEAT_DNS_REFUSED},
    {"www.example.test", LEAT_DNS_A, DNS_CD | NOISE, DNS_CD | LEAT_DNS_REFUSED},
    {"example.test", AXFR, DNS_RD | DNS_CD, DNS_RD | DNS_CD | LEAT_DNS_REFUSED},
    {"example.test", TSIG, DNS_RD | DNS_CD, DNS_RD | DNS_CD | LEAT_DNS_NOTIMP},
    {"www.example.test", LEAT_DNS_A, STATUS | DNS_RD | DNS_CD,
     STATUS | DNS_RD | DNS_CD | LEAT_DNS_NOTIMP},
    {"www.example.test", LEAT_DNS_A, OPCODE | NOISE, OPCODE | LEAT_DNS_NOTIMP},
};

/* Sends @query with @flags, and returns those of the reply. */
static unsigned forwarded_flags(struct message *query, uint16_t flags)
{
    const unsigned before = home.heard_count;

    put16(query->bytes + 2, flags);
    send_query(query);
    world_wait(home.f->world, second / 2);
    assert_int_equal(home.heard_count, before + 1);
    return get16(home.heard[before].bytes + 2);
}

static void test_what_a_forwarder_repeats(void **state)
{
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home(f);
    for (unsigned i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        make_query(&query, forwarded[i].name, forwarded[i].type, 0);
        assert_int_equal(forwarded_flags(&query, forwarded[i].query),
                         DNS_QR | DNS_RA | forwarded[i].reply);
    }
    put16(query.bytes + 4, 2); /* two questions */
    assert_int_equal(forwarded_flags(&query, DNS_RD | DNS_CD),
                     DNS_QR | DNS_RA | DNS_RD | DNS_CD | LEAT_DNS_FORMERR);
}

/* Clients outside of the networks. */
static void test_what_a_refusal_of_a_client_repeats(void **state)
{
    const struct leat_forwarder_network network = {LEAT_IP4(10, 1, 0, 0), 16};
    const struct leat_forwarder_config config = {.networks = &network, .network_count = 1};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    assert_int_equal(forwarded_flags(&query, DNS_RD | DNS_CD | NOISE),
                     DNS_QR | DNS_RA | DNS_RD | DNS_CD | LEAT_DNS_REFUSED);
    assert_int_equal(f->liar.count, 0);
}

/* Over the limit of replies: TC instead of an answer, or of a refusal. */
static void test_what_a_truncated_reply_repeats(void **state)
{
    const struct leat_forwarder_config config = {.replies_per_s = 1};
    struct fixture *f = *state;
    struct message query;
    unsigned slipped = 0;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 6; i++) {
        make_query(&query, "www.example.test", i < 3 ? LEAT_DNS_A : AXFR, 0);
        put16(query.bytes + 2, DNS_RD | DNS_CD | NOISE);
        send_query(&query);
    }
    world_wait(f->world, second / 2);
    for (unsigned i = 0; i < home.heard_count; i++) {
        const unsigned flags = get16(home.heard[i].bytes + 2);

        if (!(flags & DNS_TC))
            continue;
        slipped++;
        assert_int_equal(flags, DNS_QR | DNS_RA | DNS_TC | DNS_RD | DNS_CD);
    }
    assert_true(slipped >= 1);
    assert_int_equal(home.counts->rate_slipped, slipped);
}

/* A question that takes the place of another one: that gets SERVFAIL. */
static void test_what_a_failure_repeats(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 1};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 2; i++) {
        make_query(&query, i == 0 ? "a.example.test" : "b.example.test", LEAT_DNS_A, 0);
        put16(query.bytes + 2, DNS_RD | DNS_CD | NOISE);
        send_query(&query);
        world_wait(f->world, second / 10);
    }
    world_wait(f->world, 60 * second);
    assert_int_equal(home.heard_count, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(get16(home.heard[i].bytes + 2),
                         DNS_QR | DNS_RA | DNS_RD | DNS_CD | LEAT_DNS_SERVFAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_server_repeats),
        HOME(test_what_a_forwarder_repeats),
        HOME(test_what_a_refusal_of_a_client_repeats),
        HOME(test_what_a_truncated_reply_repeats),
        HOME(test_what_a_failure_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

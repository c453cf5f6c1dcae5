/* test_answer.c -- authoritative answers: the bytes of a query, and those of the reply. */
#include "dns_test.h"

struct fixture {
    void *memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_zones zones;
    struct message query;
    struct message reply;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->zone = zone_of(test_zone_text, &f->memory);
    f->zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    free(f->memory);
    free(f);
    return 0;
}

/* Answers f->query; query and reply end at the end of their memory. */
static size_t answer(struct fixture *f, enum leat_dns_transport transport)
{
    uint8_t *query = malloc(f->query.len + 1);

    memcpy(query + 1, f->query.bytes, f->query.len);
    f->reply.len = leat_dns_answer(&f->zones, transport, query + 1, f->query.len, f->reply.bytes,
                                   sizeof f->reply.bytes);
    free(query);
    return f->reply.len;
}

static const char *ask(struct fixture *f, const char *name, uint16_t type)
{
    make_query(&f->query, name, type, 0);
    assert_true(answer(f, LEAT_DNS_OVER_UDP) > 0);
    assert_int_equal(get16(f->reply.bytes), 0x1234);
    assert_memory_equal(f->reply.bytes + DNS_HEADER_BYTES, f->query.bytes + DNS_HEADER_BYTES,
                        f->query.len - DNS_HEADER_BYTES);
    return text_of(f->reply.bytes, f->reply.len);
}

#define SOA                                                                                        \
    "example.test. 300 IN SOA ns1.example.test. hostmaster.example.test. 2024010101 7200 1800 "    \
    "1209600 300\n"

static void test_a_set_is_answered_with_authority(void **state)
{
    assert_string_equal(ask(*state, "www.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nwww.example.test. 300 IN A 192.0.2.3\n"
                        "www.example.test. 300 IN A 192.0.2.4\n--\n--\n");
    assert_string_equal(ask(*state, "ns1.example.test", LEAT_DNS_AAAA),
                        "NOERROR  aa\nns1.example.test. 3600 IN AAAA 2001:db8::1\n--\n--\n");
    assert_string_equal(
        ask(*state, "example.test", LEAT_DNS_TXT),
        "NOERROR  aa\nexample.test. 3600 IN TXT \"v=spf1 -all\" \"second; string\"\n"
        "--\n--\n");
}

static void test_flags_are_kept(void **state)
{
    struct fixture *f = *state;

    ask(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(get16(f->reply.bytes + 2), DNS_QR | DNS_AA | DNS_RD);
    put16(f->query.bytes + 2, 0);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_int_equal(get16(f->reply.bytes + 2), DNS_QR | DNS_AA);
}

static void test_letter_case_comes_back(void **state)
{
    struct fixture *f = *state;

    ask(f, "wWw.eXample.teSt", LEAT_DNS_A);
    assert_memory_equal(f->reply.bytes + DNS_HEADER_BYTES, "\3wWw\7eXample\4teSt", 18);
}

static void test_addresses_are_added(void **state)
{
    assert_string_equal(ask(*state, "example.test", LEAT_DNS_MX),
                        "NOERROR  aa\nexample.test. 3600 IN MX 10 mail.example.test.\n--\n--\n"
                        "mail.example.test. 3600 IN A 192.0.2.2\n");
    assert_string_equal(ask(*state, "example.test", LEAT_DNS_NS),
                        "NOERROR  aa\nexample.test. 3600 IN NS ns1.example.test.\n"
                        "example.test. 3600 IN NS ns2.example.net.\n--\n--\n"
                        "ns1.example.test. 3600 IN A 192.0.2.1\n"
                        "ns1.example.test. 3600 IN AAAA 2001:db8::1\n");
}

static void test_aliases_are_followed_in_the_zone(void **state)
{
    assert_string_equal(ask(*state, "alias2.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nalias2.example.test. 3600 IN CNAME alias.example.test.\n"
                        "alias.example.test. 3600 IN CNAME www.example.test.\n"
                        "www.example.test. 300 IN A 192.0.2.3\n"
                        "www.example.test. 300 IN A 192.0.2.4\n--\n--\n");
    assert_string_equal(
        ask(*state, "alias2.example.test", LEAT_DNS_CNAME),
        "NOERROR  aa\nalias2.example.test. 3600 IN CNAME alias.example.test.\n--\n--\n");
    assert_string_equal(ask(*state, "out.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nout.example.test. 3600 IN CNAME www.example.net.\n--\n--\n");
}

static void test_alias_to_nothing(void **state)
{
    assert_string_equal(
        ask(*state, "dangle.example.test", LEAT_DNS_A),
        "NXDOMAIN aa\ndangle.example.test. 3600 IN CNAME missing.example.test.\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "alias.example.test", LEAT_DNS_TXT),
                        "NOERROR  aa\nalias.example.test. 3600 IN CNAME www.example.test.\n--\n" SOA
                        "--\n");
}

static void test_threat_N9_aliases_in_a_circle_end(void **state)
{
    assert_string_equal(ask(*state, "loop1.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nloop1.example.test. 3600 IN CNAME loop2.example.test.\n"
                        "loop2.example.test. 3600 IN CNAME loop1.example.test.\n--\n--\n");
}

static void test_no_name_and_no_data_differ(void **state)
{
    assert_string_equal(ask(*state, "nothing.example.test", LEAT_DNS_A),
                        "NXDOMAIN aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "www.example.test", LEAT_DNS_AAAA),
                        "NOERROR  aa\n--\n" SOA "--\n");
    /* names that exist only because of names below them (RFC 8020) */
    assert_string_equal(ask(*state, "b.c.example.test", LEAT_DNS_A),
                        "NOERROR  aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "x.b.c.example.test", LEAT_DNS_A),
                        "NXDOMAIN aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "x.www.example.test", LEAT_DNS_A),
                        "NXDOMAIN aa\n--\n" SOA "--\n");
}

static void test_wildcards(void **state)
{
    assert_string_equal(ask(*state, "q.wild.example.test", LEAT_DNS_TXT),
                        "NOERROR  aa\nq.wild.example.test. 3600 IN TXT \"for all\"\n--\n--\n");
    assert_string_equal(ask(*state, "p.q.wild.example.test", LEAT_DNS_TXT),
                        "NOERROR  aa\np.q.wild.example.test. 3600 IN TXT \"for all\"\n--\n--\n");
    assert_string_equal(ask(*state, "q.wild.example.test", LEAT_DNS_A),
                        "NOERROR  aa\n--\n" SOA "--\n");
    /* RFC 4592 2.2.1: a wildcard doesn't apply to existing names, nor below them */
    assert_string_equal(ask(*state, "y.wild.example.test", LEAT_DNS_TXT),
                        "NOERROR  aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "q.y.wild.example.test", LEAT_DNS_TXT),
                        "NXDOMAIN aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "*.wild.example.test", LEAT_DNS_TXT),
                        "NOERROR  aa\n*.wild.example.test. 3600 IN TXT \"for all\"\n--\n--\n");
    assert_string_equal(ask(*state, "q.walias.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nq.walias.example.test. 3600 IN CNAME www.example.test.\n"
                        "www.example.test. 300 IN A 192.0.2.3\n"
                        "www.example.test. 300 IN A 192.0.2.4\n--\n--\n");
}

#define REFERRAL                                                                                   \
    "NOERROR \n--\nsub.example.test. 3600 IN NS ns.sub.example.test.\n"                            \
    "sub.example.test. 3600 IN NS ns.elsewhere.example.\n--\n"                                     \
    "ns.sub.example.test. 3600 IN A 192.0.2.7\n"

static void test_delegations_come_with_glue_and_no_authority(void **state)
{
    assert_string_equal(ask(*state, "sub.example.test", LEAT_DNS_A), REFERRAL);
    assert_string_equal(ask(*state, "sub.example.test", LEAT_DNS_NS), REFERRAL);
    assert_string_equal(ask(*state, "any.thing.sub.example.test", LEAT_DNS_A), REFERRAL);
    assert_string_equal(ask(*state, "deep.sub.example.test", LEAT_DNS_A), REFERRAL);
    assert_string_equal(ask(*state, "ns.sub.example.test", LEAT_DNS_A), REFERRAL);
    assert_string_equal(ask(*state, "sub.example.test", DNS_TYPE_DS),
                        "NOERROR  aa\n--\n" SOA "--\n");
    assert_string_equal(ask(*state, "x.sub.example.test", DNS_TYPE_DS), REFERRAL);
}

static void test_any_gives_one_set(void **state)
{
    assert_string_equal(ask(*state, "www.example.test", LEAT_DNS_ANY),
                        "NOERROR  aa\nwww.example.test. 300 IN A 192.0.2.3\n"
                        "www.example.test. 300 IN A 192.0.2.4\n--\n--\n");
    assert_string_equal(
        ask(*state, "alias.example.test", LEAT_DNS_ANY),
        "NOERROR  aa\nalias.example.test. 3600 IN CNAME www.example.test.\n--\n--\n");
}

static void test_refused_input(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(ask(f, "example.org", LEAT_DNS_A), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, ".", LEAT_DNS_NS), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, "test", LEAT_DNS_A), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, "notexample.test", LEAT_DNS_A), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, "example.test", DNS_TYPE_AXFR), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, "example.test", DNS_TYPE_IXFR), "REFUSED \n--\n--\n");
    assert_string_equal(ask(f, "example.test", 250), "NOTIMP  \n--\n--\n");
    make_query(&f->query, "www.example.test", LEAT_DNS_A, 0);
    put16(f->query.bytes + f->query.len - 2, 3); /* CHAOS */
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len), "REFUSED \n--\n--\n");
}

static void test_other_opcodes_are_not_implemented(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "example.test", LEAT_DNS_SOA, 0);
    for (unsigned opcode = 1; opcode < 16; opcode++) {
        put16(f->query.bytes + 2, (uint16_t)(opcode << 11));
        answer(f, LEAT_DNS_OVER_UDP);
        assert_int_equal(f->reply.len, DNS_HEADER_BYTES);
        assert_int_equal(get16(f->reply.bytes + 2), DNS_QR | opcode << 11 | LEAT_DNS_NOTIMP);
    }
}

static void test_edns_is_answered(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_AAAA, 4096);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len),
                        "NOERROR  aa\n--\n" SOA "--\nOPT 1232\n");
    f->query.bytes[f->query.len - 4] = 0x80; /* DO is copied (RFC 3225 3) */
    answer(f, LEAT_DNS_OVER_UDP);
    assert_int_equal(f->reply.bytes[f->reply.len - 4], 0x80);
}

static void test_edns_of_a_later_version(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 4096);
    f->query.bytes[f->query.len - 5] = 1;
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len), "BADVERS \n--\n--\nOPT 1232\n");
}

static void test_edns_twice_is_a_format_error(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 4096);
    memcpy(f->query.bytes + f->query.len, f->query.bytes + f->query.len - DNS_OPT_BYTES,
           DNS_OPT_BYTES);
    f->query.len += DNS_OPT_BYTES;
    put16(f->query.bytes + 10, 2);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len), "FORMERR \n--\n--\n");
}

/* A zone with a set of @count TXT records of 200 bytes, and as many glue records. */
static char *large_zone(unsigned count)
{
    char *text = malloc(1000 + count * 400);
    char *at = text + sprintf(text, "$ORIGIN big.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n");

    for (unsigned i = 0; i < count; i++) {
        at += sprintf(at, "t TXT %0200u\n", i);
        at += sprintf(at, "d NS ns%u.d\nns%u.d A 192.0.2.1\n", i, i);
        at += sprintf(at, "m MX 1 mx%u\nmx%u AAAA ::1\n", i, i);
    }
    return text;
}

static void test_threat_N5_truncation_at_the_limit(void **state)
{
    static const struct {
        uint16_t edns;
        unsigned records, limit;
        bool fits;
    } cases[] = {{0, 2, 512, true},      {0, 3, 512, false},     {100, 2, 512, true},
                 {1232, 5, 1232, true},  {1232, 6, 1232, false}, {2000, 6, 1232, false},
                 {65535, 5, 1232, true}, {65535, 6, 1232, false}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = large_zone(cases[i].records);
        void *memory;
        const struct leat_dns_zone *zone = zone_of(text, &memory);

        f->zones.list = &zone;
        make_query(&f->query, "t.big.test", LEAT_DNS_TXT, cases[i].edns);
        answer(f, LEAT_DNS_OVER_UDP);
        assert_in_range(f->reply.len, 12, cases[i].limit);
        assert_int_equal(!(get16(f->reply.bytes + 2) & DNS_TC), cases[i].fits);
        assert_int_equal(get16(f->reply.bytes + 6), cases[i].fits ? cases[i].records : 0);
        text_of(f->reply.bytes, f->reply.len);
        answer(f, LEAT_DNS_OVER_TCP);
        assert_false(get16(f->reply.bytes + 2) & DNS_TC);
        assert_int_equal(get16(f->reply.bytes + 6), cases[i].records);
        free(memory);
        free(text);
    }
}

static void test_glue_must_fit_and_other_addresses_need_not(void **state)
{
    struct fixture *f = *state;
    char *text = large_zone(15);
    void *memory;
    const struct leat_dns_zone *zone = zone_of(text, &memory);

    f->zones.list = &zone;
    make_query(&f->query, "x.d.big.test", LEAT_DNS_A, 0);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_true(get16(f->reply.bytes + 2) & DNS_TC);
    make_query(&f->query, "m.big.test", LEAT_DNS_MX, 0);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_false(get16(f->reply.bytes + 2) & DNS_TC);
    assert_int_equal(get16(f->reply.bytes + 6), 15);
    assert_true(get16(f->reply.bytes + 10) > 0);
    text_of(f->reply.bytes, f->reply.len);
    free(memory);
    free(text);
}

static void test_the_longest_zone_answers(void **state)
{
    struct fixture *f = *state;
    void *memory;
    const struct leat_dns_zone *zones[2] = {
        f->zone, zone_of("$ORIGIN sub.example.test.\n$TTL 9\n@ SOA @ @ 1 2 3 4 5\n@ NS ns.x.\n"
                         "www A 192.0.2.99\n",
                         &memory)};

    f->zones = (struct leat_dns_zones){.list = zones, .count = 2};
    assert_string_equal(ask(f, "www.sub.example.test", LEAT_DNS_A),
                        "NOERROR  aa\nwww.sub.example.test. 9 IN A 192.0.2.99\n--\n--\n");
    free(memory);
}

static void test_threat_N1_query_with_pointers(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 0);
    put16(f->query.bytes + DNS_HEADER_BYTES, 0xc00c); /* to itself */
    assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
    put16(f->query.bytes + DNS_HEADER_BYTES, 0xc010); /* forward */
    assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
    put16(f->query.bytes + DNS_HEADER_BYTES, 0xc000); /* into the header */
    assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
}

static void test_threat_N2_every_cut_query_is_dropped(void **state)
{
    struct fixture *f = *state;
    size_t whole;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 4096);
    whole = f->query.len;
    for (f->query.len = 0; f->query.len < whole; f->query.len++)
        assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
    f->query.bytes[whole] = 0; /* and an OPT record with bytes after its end */
    f->query.len = whole + 1;
    assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
}

static void test_threat_N3_counts_over_records(void **state)
{
    struct fixture *f = *state;

    for (unsigned section = DNS_ANSWER; section < DNS_SECTIONS; section++) {
        make_query(&f->query, "www.example.test", LEAT_DNS_A, 0);
        put16(f->query.bytes + 4 + 2 * section, 65535);
        assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
    }
}

static void test_threat_N5_replies_are_dropped(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 0);
    f->query.bytes[2] |= 0x80;
    assert_int_equal(answer(f, LEAT_DNS_OVER_UDP), 0);
}

static void test_threat_N5_one_question_and_no_other_number(void **state)
{
    struct fixture *f = *state;

    make_query(&f->query, "www.example.test", LEAT_DNS_A, 0);
    put16(f->query.bytes + 4, 2);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len), "FORMERR \n--\n--\n");
    put16(f->query.bytes + 4, 0);
    answer(f, LEAT_DNS_OVER_UDP);
    assert_string_equal(text_of(f->reply.bytes, f->reply.len), "FORMERR \n--\n--\n");
}

/* EmNetTest: most flaws show with one or two changed bytes; a sanitizer checks. */
static void test_threat_N2_changed_queries(void **state)
{
    struct fixture *f = *state;
    struct message whole;

    make_query(&whole, "alias2.example.test", LEAT_DNS_A, 1232);
    for (unsigned at = 0; at < whole.len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(f->query.bytes, whole.bytes, whole.len);
            f->query.len = whole.len;
            f->query.bytes[at] = (uint8_t)value;
            f->query.bytes[(at * 7 + value) % whole.len] ^= 0xc0;
            if (answer(f, LEAT_DNS_OVER_UDP) > 0)
                text_of(f->reply.bytes, f->reply.len);
        }
    }
}

/* RFC 2308 3: without the SOA there is no negative TTL. */
static void test_SOA_that_does_not_fit_truncates(void **state)
{
    struct fixture *f = *state;
    char text[1000], label[64];
    uint8_t reply[LEAT_DNS_REPLY_BYTES_MIN];
    const struct leat_dns_zone *zone;
    void *memory;
    size_t len;

    memset(label, 'a', 60);
    label[60] = '\0';
    sprintf(text,
            "$ORIGIN z.test.\n$TTL 60\n@ NS ns\n"
            "@ SOA %s.%s.%s.%.50s.o. %s.%s.%s.%.50s.m. 1 2 3 4 5\n",
            label, label, label, label, label, label, label, label);
    zone = zone_of(text, &memory);
    f->zones.list = &zone;
    make_query(&f->query, "missing.z.test", LEAT_DNS_A, 0);
    len = leat_dns_answer(&f->zones, LEAT_DNS_OVER_UDP, f->query.bytes, f->query.len, reply,
                          sizeof reply);
    assert_string_equal(text_of(reply, len), "NXDOMAIN aa tc\n--\n--\n");
    free(memory);
}

static void test_addresses_of_a_name_named_twice_come_once(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_zone *zone;
    void *memory;

    zone = zone_of("$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"
                   "@ MX 10 a\n@ MX 20 a\na A 192.0.2.1\n",
                   &memory);
    f->zones.list = &zone;
    assert_string_equal(
        ask(f, "z.test", LEAT_DNS_MX),
        "NOERROR  aa\nz.test. 60 IN MX 10 a.z.test.\nz.test. 60 IN MX 20 a.z.test.\n"
        "--\n--\na.z.test. 60 IN A 192.0.2.1\n");
    free(memory);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_SOA_that_does_not_fit_truncates),
        TEST(test_addresses_of_a_name_named_twice_come_once),
        TEST(test_a_set_is_answered_with_authority),
        TEST(test_flags_are_kept),
        TEST(test_letter_case_comes_back),
        TEST(test_addresses_are_added),
        TEST(test_aliases_are_followed_in_the_zone),
        TEST(test_alias_to_nothing),
        TEST(test_threat_N9_aliases_in_a_circle_end),
        TEST(test_no_name_and_no_data_differ),
        TEST(test_wildcards),
        TEST(test_delegations_come_with_glue_and_no_authority),
        TEST(test_any_gives_one_set),
        TEST(test_refused_input),
        TEST(test_other_opcodes_are_not_implemented),
        TEST(test_edns_is_answered),
        TEST(test_edns_of_a_later_version),
        TEST(test_edns_twice_is_a_format_error),
        TEST(test_threat_N5_truncation_at_the_limit),
        TEST(test_glue_must_fit_and_other_addresses_need_not),
        TEST(test_the_longest_zone_answers),
        TEST(test_threat_N1_query_with_pointers),
        TEST(test_threat_N2_every_cut_query_is_dropped),
        TEST(test_threat_N3_counts_over_records),
        TEST(test_threat_N5_replies_are_dropped),
        TEST(test_threat_N5_one_question_and_no_other_number),
        TEST(test_threat_N2_changed_queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_server_cookies.c -- DNS cookies, server side: RFC 7873 5.2, RFC 9018 4. */
#include "served.h"

#include "proto/dns/cookie_keeper.h"

/* ---- the cookie itself: RFC 9018, appendix A ---------------------------------------------- */

static void from_hex(const char *text, uint8_t *bytes)
{
    for (unsigned i = 0; text[2 * i]; i++) {
        unsigned byte;

        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
}

static struct dns_cookie_keeper keeper_of(const char *secret)
{
    struct dns_cookie_keeper keeper = {.is_on = true};
    uint8_t bytes[16];

    from_hex(secret, bytes);
    keeper.key = siphash_key_from(bytes);
    return keeper;
}

/* The server's cookie at @now_s for @ip, which has sent @cookie. */
static struct dns_cookie_reply reply_to(const struct dns_cookie_keeper *keeper, const char *ip,
                                        const char *cookie, uint32_t now_s)
{
    struct dns_cookie_asker asker = {.keeper = keeper, .now_s = now_s};
    uint8_t bytes[DNS_COOKIE_BYTES_MAX];
    struct dns_query asked = {.has_edns = true};
    struct dns_cookie_reply reply;

    from_hex(cookie, bytes);
    asked.edns.cookie = bytes;
    asked.edns.cookie_bytes = (uint16_t)(strlen(cookie) / 2);
    assert_true(leat_ip_parse(ip, &asker.ip));
    dns_cookie_reply_to(&asker, &asked, LEAT_DNS_OVER_UDP, &reply);
    assert_true(reply.is_set);
    return reply;
}

static void assert_says(const struct dns_cookie_reply *reply, const char *hex)
{
    uint8_t bytes[DNS_COOKIE_REPLY_BYTES];

    from_hex(hex, bytes);
    assert_memory_equal(reply->bytes, bytes, sizeof bytes);
}

static const char secret[] = "e5e973e5a6b2a43f48e7dc849e37bfcf";

static void the_examples_of_RFC_9018(void **state)
{
    const struct dns_cookie_keeper keeper = keeper_of(secret);
    struct dns_cookie_reply reply;

    (void)state;
    reply = reply_to(&keeper, "198.51.100.100", "2464c4abcf10c957", 1559731985); /* A.1 */
    assert_says(&reply, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
    assert_false(reply.proven);
    reply = reply_to(&keeper, "198.51.100.100", "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
                     1559734385); /* A.2: 40 minutes later it is renewed */
    assert_says(&reply, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
    assert_true(reply.proven);
}

static const char theirs[] = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";

static void a_cookie_is_good_for_its_address_and_for_an_hour(void **state)
{
    const struct dns_cookie_keeper keeper = keeper_of(secret);
    const struct dns_cookie_keeper other = keeper_of("e5e973e5a6b2a43f48e7dc849e37bfce");
    const uint32_t at_s = 1559731985;

    (void)state;
    assert_true(reply_to(&keeper, "198.51.100.100", theirs, at_s + 3600).proven);
    assert_false(reply_to(&keeper, "198.51.100.100", theirs, at_s + 3601).proven);
    assert_true(reply_to(&keeper, "198.51.100.100", theirs, at_s - 300).proven);
    assert_false(reply_to(&keeper, "198.51.100.100", theirs, at_s - 301).proven);
    assert_false(reply_to(&keeper, "198.51.100.101", theirs, at_s).proven);
    assert_false(reply_to(&keeper, "2001:db8::c633:6464", theirs, at_s).proven);
    assert_false(reply_to(&other, "198.51.100.100", theirs, at_s).proven);
}

static void a_young_cookie_stays_and_an_older_one_is_renewed(void **state)
{
    const struct dns_cookie_keeper keeper = keeper_of(secret);
    struct dns_cookie_reply reply = reply_to(&keeper, "198.51.100.100", theirs, 1559731985 + 1800);

    (void)state;
    assert_says(&reply, theirs);
    reply = reply_to(&keeper, "198.51.100.100", theirs, 1559731985 + 1801);
    assert_int_equal(get32(reply.bytes + 12), 1559731985 + 1801);
}

/* ---- a server on a wire ------------------------------------------------------------------- */

/* Sends a query with a cookie of any length; returns the rcode, or -1. */
static int send_query(struct served *f, const uint8_t *cookie, uint16_t len, bool with_question)
{
    const struct leat_endpoint peer = leat_endpoint_of(SERVER_IP, 53);
    const struct leat_dns_name name = name_of("www.example.test");
    const struct dns_edns edns = {.payload_bytes = 1232, .cookie = cookie, .cookie_bytes = len};
    struct message query;
    struct dns_writer writer;

    dns_write_start(&writer, query.bytes, sizeof query.bytes);
    if (with_question)
        dns_write_question(&writer, name.wire, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_opt(&writer, &edns);
    query.len = dns_write_end(&writer, 0x1234, DNS_RD);
    f->got.len = 0;
    leat_udp_send_to(
        f->udp,
        leat_buf_copy(leat_pool(f->world->stacks[CLIENT]), query.bytes, (uint32_t)query.len),
        &peer);
    world_wait(f->world, ms);
    return f->got.len > 0 ? f->got.bytes[3] & 15 : -1;
}

/* Asks for www.example.test with a cookie. */
static int ask(struct served *f, const uint8_t *cookie, uint16_t len)
{
    return send_query(f, cookie, len, true);
}

/* The cookie of the reply, after all of its records; NULL: it has none. */
static const uint8_t *cookie_of(const struct served *f)
{
    const uint8_t *at = f->got.bytes + f->got.len - DNS_COOKIE_REPLY_BYTES - 4;

    return f->got.len > 60 && get16(at) == DNS_OPTION_COOKIE &&
                   get16(at + 2) == DNS_COOKIE_REPLY_BYTES
               ? at + 4
               : NULL;
}

/* The cookie, which must be there. */
static void keep_cookie(const struct served *f, uint8_t both[DNS_COOKIE_REPLY_BYTES])
{
    const uint8_t *cookie = cookie_of(f);

    assert_non_null(cookie);
    if (cookie)
        memcpy(both, cookie, DNS_COOKIE_REPLY_BYTES);
}

static const uint8_t mine[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void a_client_that_sends_a_cookie_gets_one(void **state)
{
    struct served *f = *state;
    uint8_t both[DNS_COOKIE_REPLY_BYTES];

    open_server(f, (struct leat_dns_server_config){.port = 0});
    assert_int_equal(ask(f, mine, sizeof mine), LEAT_DNS_NOERROR);
    assert_non_null(cookie_of(f));
    keep_cookie(f, both);
    assert_memory_equal(both, mine, sizeof mine);
    assert_int_equal(both[8], 1);
    assert_int_equal(ask(f, both, sizeof both), LEAT_DNS_NOERROR);
    assert_non_null(cookie_of(f));
    assert_memory_equal(cookie_of(f), both, sizeof both); /* it is fresh */
    both[20] ^= 1;
    assert_int_equal(ask(f, both, sizeof both), LEAT_DNS_NOERROR); /* RFC 7873 5.2.4 */
    assert_non_null(cookie_of(f));
    assert_memory_not_equal(cookie_of(f), both, sizeof both);
    assert_int_equal(ask(f, NULL, 0), LEAT_DNS_NOERROR);
    assert_null(cookie_of(f));
}

/* RFC 7873 5.2.2 */
static void a_cookie_of_a_wrong_length_is_FORMERR(void **state)
{
    static const uint16_t wrong[] = {0, 1, 7, 9, 15, 41};
    struct served *f = *state;
    uint8_t long_one[41] = {1};

    open_server(f, (struct leat_dns_server_config){.port = 0});
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ask(f, long_one, wrong[i]), LEAT_DNS_FORMERR);
        assert_null(cookie_of(f));
    }
    assert_int_equal(ask(f, long_one, 40), LEAT_DNS_NOERROR);
}

/* RFC 7873 5.4 */
static void a_cookie_is_to_be_had_without_a_question(void **state)
{
    struct served *f = *state;
    uint8_t both[DNS_COOKIE_REPLY_BYTES];

    open_server(f, (struct leat_dns_server_config){.port = 0});
    assert_int_equal(send_query(f, mine, sizeof mine, false), LEAT_DNS_NOERROR);
    assert_int_equal(f->got.len, 12 + 11 + 4 + DNS_COOKIE_REPLY_BYTES);
    memcpy(both, f->got.bytes + 12 + 11 + 4, sizeof both);
    assert_memory_equal(both, mine, sizeof mine);
    assert_int_equal(ask(f, both, sizeof both), LEAT_DNS_NOERROR);
    assert_memory_equal(cookie_of(f), both, sizeof both);
    assert_int_equal(send_query(f, both, sizeof both, false), LEAT_DNS_NOERROR);
    both[20] ^= 1;
    assert_int_equal(send_query(f, both, sizeof both, false), LEAT_DNS_BADCOOKIE & 15);
    assert_int_equal(f->got.bytes[12 + 5], LEAT_DNS_BADCOOKIE >> 4);
    assert_int_equal(send_query(f, NULL, 0, false), LEAT_DNS_FORMERR); /* RFC 9619 */
}

static void a_server_without_cookies_says_none(void **state)
{
    struct served *f = *state;

    open_server(f, (struct leat_dns_server_config){.no_cookies = true});
    assert_int_equal(ask(f, mine, sizeof mine), LEAT_DNS_NOERROR);
    assert_null(cookie_of(f));
    assert_int_equal(send_query(f, mine, sizeof mine, false), LEAT_DNS_FORMERR);
}

/* When forged sources have used up all replies of a network, a client with a cookie still
 * gets its reply. */
static void a_client_that_proves_its_address_is_answered_beyond_the_limit(void **state)
{
    struct served *f = *state;
    uint8_t both[DNS_COOKIE_REPLY_BYTES];

    open_server(f, (struct leat_dns_server_config){.replies_per_s = 5});
    assert_int_equal(ask(f, mine, sizeof mine), LEAT_DNS_NOERROR);
    keep_cookie(f, both);
    for (unsigned i = 0; i < 40; i++)
        ask(f, NULL, 0);
    assert_true(f->counts->rate_dropped > 10);
    f->got.count = 0;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(ask(f, both, sizeof both), LEAT_DNS_NOERROR);
        assert_int_equal(f->got.bytes[2] & 2, 0); /* no TC */
        assert_int_equal(get16(f->got.bytes + 6), 2);
    }
    assert_int_equal(f->got.count, 20);
    assert_in_range(f->counts->rate_proven, 18, 20);
    both[20] ^= 1;
    for (unsigned i = 0; i < 20; i++)
        ask(f, both, sizeof both);
    assert_true(f->got.count < 35);
}

/* A reply with TC is never longer than its query. */
static void a_reply_that_slips_is_no_longer_than_its_query(void **state)
{
    struct served *f = *state;
    const size_t query_bytes = 12 + 22 + 11 + 4 + sizeof mine;

    open_server(f, (struct leat_dns_server_config){.replies_per_s = 1});
    for (unsigned i = 0; i < 10; i++) {
        if (ask(f, mine, sizeof mine) >= 0 && (f->got.bytes[2] & 2))
            assert_true(f->got.len <= query_bytes);
    }
    assert_true(f->counts->rate_slipped > 3);
}

/* The verdict for @asker's query with @len bytes of @cookie. */
static struct dns_cookie_reply reply_now(const struct dns_cookie_asker *asker,
                                         const uint8_t *cookie, uint16_t len)
{
    const struct dns_query asked = {.has_edns = true,
                                    .edns = {.cookie = cookie, .cookie_bytes = len}};
    struct dns_cookie_reply reply;

    dns_cookie_reply_to(asker, &asked, LEAT_DNS_OVER_UDP, &reply);
    return reply;
}

/* RFC 7873 7.1: at most 36 days, preferably 26 hours. */
static void the_key_is_drawn_anew_each_day(void **state)
{
    struct served *f = *state;
    struct dns_cookie_keeper keeper;
    struct dns_cookie_asker asker;
    struct dns_cookie_reply old;
    struct leat *stack;
    uint32_t old_s;

    open_server(f, (struct leat_dns_server_config){.port = 0});
    stack = f->world->stacks[SERVER];
    dns_cookie_keeper_init(&keeper, stack, false);
    f->world->now_ns += 86340 * second;
    world_wait(f->world, ms);
    asker = dns_cookie_asker_of(&keeper, stack, CLIENT_IP);
    old = reply_now(&asker, mine, sizeof mine);
    old_s = asker.now_s;
    f->world->now_ns += 120 * second;
    world_wait(f->world, ms);
    asker = dns_cookie_asker_of(&keeper, stack, CLIENT_IP);
    assert_true(reply_now(&asker, old.bytes, sizeof old.bytes).proven);
    asker.now_s = old_s; /* the rest of a reply to that query is the same as before */
    assert_memory_equal(reply_now(&asker, mine, sizeof mine).bytes, old.bytes, sizeof old.bytes);
    f->world->now_ns += 86400 * second;
    world_wait(f->world, ms);
    asker = dns_cookie_asker_of(&keeper, stack, CLIENT_IP);
    asker.now_s = old_s;
    assert_false(reply_now(&asker, old.bytes, sizeof old.bytes).proven);
}

#define WIRE(name) cmocka_unit_test_setup_teardown(name, set_up_served, tear_down_served)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_RFC_9018),
        cmocka_unit_test(a_cookie_is_good_for_its_address_and_for_an_hour),
        cmocka_unit_test(a_young_cookie_stays_and_an_older_one_is_renewed),
        WIRE(the_key_is_drawn_anew_each_day),
        WIRE(a_cookie_is_to_be_had_without_a_question),
        WIRE(a_client_that_sends_a_cookie_gets_one),
        WIRE(a_cookie_of_a_wrong_length_is_FORMERR),
        WIRE(a_server_without_cookies_says_none),
        WIRE(a_client_that_proves_its_address_is_answered_beyond_the_limit),
        WIRE(a_reply_that_slips_is_no_longer_than_its_query),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_forwarder_cookies.c -- DNS cookies of the forwarder (RFC 7873), and queries that find no
 * place.
 */
#include "dns_home.h"

#include "proto/dns/cookie_keeper.h"

enum {
    ASKS = 12
};

static const uint8_t mine[DNS_COOKIE_CLIENT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A query for www.example.test, or without a question, with @cookie. */
static struct message query_with(const uint8_t *cookie, uint16_t cookie_bytes, bool alone)
{
    const struct leat_dns_name name = name_of("www.example.test");
    const struct dns_edns edns = {
        .payload_bytes = 1232, .cookie = cookie, .cookie_bytes = cookie_bytes};
    struct dns_writer writer;
    struct message query;

    dns_write_start(&writer, query.bytes, sizeof query.bytes);
    if (!alone)
        dns_write_question(&writer, name.wire, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_opt(&writer, &edns);
    query.len = dns_write_end(&writer, 0x1234, DNS_RD);
    return query;
}

/* The cookie in the only reply. */
static const uint8_t *cookie_told(void)
{
    const struct message *reply = &home.heard[0];
    const uint8_t *option = reply->bytes + reply->len - DNS_COOKIE_REPLY_BYTES - DNS_OPTION_BYTES;

    assert_int_equal(home.heard_count, 1);
    assert_int_equal(get16(option), DNS_OPTION_COOKIE);
    return option + DNS_OPTION_BYTES;
}

/* RFC 7873 5.4 */
static void test_a_cookie_is_told_without_a_question(void **state)
{
    const struct message query = query_with(mine, sizeof mine, true);
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home(f);
    send_query(&query);
    world_wait(f->world, second / 2);
    assert_memory_equal(cookie_told(), mine, sizeof mine);
    assert_int_equal(home.heard[0].bytes[3] & 15, LEAT_DNS_NOERROR);
    assert_int_equal(f->liar.count, 0);
}

static void test_a_client_that_proves_its_address_is_answered_beyond_the_limit(void **state)
{
    const struct leat_forwarder_config config = {.replies_per_s = 1};
    struct message query = query_with(mine, sizeof mine, true);
    uint8_t proof[DNS_COOKIE_REPLY_BYTES];
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    send_query(&query);
    world_wait(f->world, 2 * second);
    memcpy(proof, cookie_told(), sizeof proof);
    home.heard_count = 0;
    query = query_with(proof, sizeof proof, false);
    for (unsigned i = 0; i < ASKS; i++)
        send_query(&query);
    world_wait(f->world, second / 2);
    assert_int_equal(home.heard_count, ASKS);
    assert_int_equal(home.counts->rate_proven, ASKS - 1);
    proof[20] ^= 1;
    query = query_with(proof, sizeof proof, false);
    for (unsigned i = 0; i < ASKS; i++)
        send_query(&query);
    query.len -= 4; /* a truncated message proves nothing */
    for (unsigned i = 0; i < ASKS; i++)
        send_query(&query);
    world_wait(f->world, second / 20);
    assert_int_equal(home.counts->rate_proven, ASKS - 1);
    assert_int_equal(home.counts->rate_dropped + home.counts->rate_slipped, 2 * ASKS);
}

static void on_own(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    (void)arg;
    (void)err;
    (void)result;
}

/* The resolver's only lookup belongs to the program: a question gets SERVFAIL. */
static void test_a_question_without_a_place_is_told(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 32};
    const struct leat_dns_name name = name_of("one.example.test");
    struct leat_resolver_config narrow = plain_resolver;
    struct fixture *f = *state;

    narrow.lookups = 1;
    with_liar(f, NULL);
    open_home_for(f, &narrow, &config);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_own, NULL, NULL),
                     LEAT_OK);
    assert_non_null(strstr(ask("two.example.test", LEAT_DNS_A), "SERVFAIL"));
    assert_int_equal(home.counts->busy, 1);
}

static void test_a_port_that_is_taken_is_told(void **state)
{
    static const struct leat_udp_events nothing;
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct leat_forwarder_config config = {.clients = 1};
    struct leat_forwarder *forwarder;
    struct leat_udp *udp;
    size_t bytes;
    void *memory;

    open_resolver(f, &plain_resolver);
    config.resolver = f->resolver;
    bytes = leat_forwarder_memory_bytes(&config);
    memory = malloc(bytes);
    assert_int_equal(leat_udp_open(stack, &udp, &nothing, NULL), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, LEAT_DNS_PORT), LEAT_OK);
    assert_int_equal(leat_forwarder_open(&forwarder, stack, memory, bytes, &config),
                     LEAT_ERR_IN_USE);
    leat_udp_close(udp);
    assert_int_equal(leat_forwarder_open(&forwarder, stack, memory, bytes, &config), LEAT_OK);
    leat_forwarder_close(forwarder);
    free(memory);
}

static void test_the_rcode_of_a_refused_cookie(void **state)
{
    (void)state;
    assert_string_equal(leat_dns_rcode_text(LEAT_DNS_BADCOOKIE), "BADCOOKIE");
    assert_string_equal(leat_dns_rcode_text(LEAT_DNS_BADVERS), "BADVERS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_a_cookie_is_told_without_a_question),
        HOME(test_a_client_that_proves_its_address_is_answered_beyond_the_limit),
        HOME(test_a_question_without_a_place_is_told),
        HOME(test_a_port_that_is_taken_is_told),
        cmocka_unit_test(test_the_rcode_of_a_refused_cookie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

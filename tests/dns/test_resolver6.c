/* test_resolver6.c -- a server with IPv6 only: while our own address is checked, and when the
 * check fails. */
#include "dns_lookup.h"

static struct leat_ip six(uint8_t last)
{
    return (struct leat_ip){{0x20, 0x01, 0x0d, 0xb8, [15] = last}};
}

static void add_address(struct fixture *f, int end)
{
    assert_int_equal(leat_address_add(f->world->stacks[end], leat_link_end(f->world->link, end),
                                      six((uint8_t)(end + 1)), 64),
                     LEAT_OK);
}

static int set_up_both(void **state)
{
    int failed;

    world_has_ipv6 = true;
    failed = set_up(state);
    world_has_ipv6 = false;
    add_address(*state, SERVER);
    world_wait(((struct fixture *)*state)->world, 10 * second); /* RFC 4862 5.4 */
    return failed;
}

static void says_7(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 7));
}

/* The server is behind a router, so a link-local address can't be used. */
static void open_six(struct fixture *f)
{
    struct leat_ip far = six(1);
    struct leat_resolver_config config = {.server_count = 1};

    far.bytes[5] = 1;
    config.servers[0].ip = far;
    assert_int_equal(
        leat_address_add(f->world->stacks[SERVER], leat_link_end(f->world->link, SERVER), far, 64),
        LEAT_OK);
    world_wait(f->world, 10 * second);
    with_liar(f, says_7);
    open_resolver(f, &config);
}

static void begin_to_have_an_address(struct fixture *f)
{
    add_address(f, CLIENT);
    assert_int_equal(leat_route_add(f->world->stacks[CLIENT], LEAT_IP_ANY, 0, six(SERVER + 1)),
                     LEAT_OK);
}

static void test_a_lookup_waits_for_our_address(void **state)
{
    struct fixture *f = *state;
    uint64_t began_ns;

    open_six(f);
    begin_to_have_an_address(f);
    began_ns = f->world->now_ns;
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.7\n");
    /* the check takes one or two seconds, and look_up() waits for one more */
    assert_in_range(f->world->now_ns - began_ns, 2 * second, 5 * second);
    assert_int_equal(f->counts->servers_failed, 0);
}

static void test_a_lookup_without_an_address_fails_at_once(void **state)
{
    struct fixture *f = *state;
    uint64_t began_ns;

    open_six(f);
    began_ns = f->world->now_ns;
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NO_ROUTE);
    assert_in_range(f->world->now_ns - began_ns, second, second + 100 * ms);
}

/* RFC 4007 6: the server in that zone and no other; there is only one netif here. */
static void test_a_link_local_server_is_asked_in_its_zone(void **state)
{
    struct fixture *f = *state;
    struct leat_resolver_config config = {.server_count = 1, .servers = {{.zone = 2}}};
    const struct leat_ip server = {{0xfe, 0x80, [15] = 9}};

    config.servers[0].ip = server;
    assert_int_equal(leat_address_add(f->world->stacks[SERVER],
                                      leat_link_end(f->world->link, SERVER), server, 64),
                     LEAT_OK);
    world_wait(f->world, 10 * second);
    with_liar(f, says_7);
    open_resolver(f, &config);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NO_ROUTE);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    config.servers[0].zone = 1;
    open_resolver(f, &config);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.7\n");
}

static enum leat_err no_tls(struct leat_tls *tls, const struct leat_stream *below,
                            const struct leat_tls_client *client, struct leat_stream *above)
{
    (void)tls;
    (void)below;
    (void)client;
    (void)above;
    fail_msg("there is nothing to speak it over");
    return LEAT_ERR_TLS;
}

/* A stack without IPv6 has no route either, by UDP or by TCP. */
static void test_a_server_of_a_family_that_is_not_here_is_not_waited_for(void **state)
{
    static const uint8_t client;
    struct fixture *f = *state;
    struct leat_resolver_config config = {.server_count = 2};

    config.servers[0].ip = six(1);
    config.servers[1].ip = six(2);
    config.tls_connect = no_tls;
    config.tls_clients[1] = (const void *)&client;
    open_resolver(f, &config);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NO_ROUTE);
    assert_int_equal(f->counts->timeouts, 0);
}

/* No callback comes after that, and nothing is left. */
static void test_a_resolver_closes_while_a_lookup_waits(void **state)
{
    static struct outcome outcome;
    const struct leat_dns_name name = name_of("www.example.test");
    struct fixture *f = *state;

    open_six(f);
    begin_to_have_an_address(f);
    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL),
                     LEAT_OK);
    leat_resolver_close(f->resolver);
    f->resolver = NULL;
    world_wait(f->world, 10 * second);
    assert_false(outcome.done);
}

#define SIX(name) cmocka_unit_test_setup_teardown(name, set_up_both, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIX(test_a_lookup_waits_for_our_address),
        SIX(test_a_lookup_without_an_address_fails_at_once),
        SIX(test_a_link_local_server_is_asked_in_its_zone),
        TEST(test_a_server_of_a_family_that_is_not_here_is_not_waited_for),
        SIX(test_a_resolver_closes_while_a_lookup_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_domains.c -- a forwarder with domains that have servers of their own. */
#include "dns_home.h"

enum {
    DOMAINS = 5,
    OWN_LOOKUPS = 16
};

static struct leat_resolver *own;
static void *own_memory;
static struct leat_forwarder_domain domains[DOMAINS];

static int close_domains(void **state)
{
    close_forwarder();
    if (own)
        leat_resolver_close(own);
    own = NULL;
    free(own_memory);
    own_memory = NULL;
    return close_home(state);
}

/* All names are asked at 10.0.0.1; those in lan.test, 10.in-addr.arpa and net at 10.0.0.3. But
 * pub.lan.test goes to 10.0.0.1, and only.test nowhere. */
static void open_domains(struct fixture *f)
{
    struct leat_resolver_config config = plain_resolver;
    struct leat_forwarder_config forwarder = {
        .waiting = 32, .domains = domains, .domain_count = DOMAINS, .refuse_canaries = true};
    size_t bytes;

    config.servers[0].ip = SERVER2_IP;
    config.lookups = OWN_LOOKUPS;
    bytes = leat_resolver_memory_bytes(&config);
    own_memory = malloc(bytes);
    assert_int_equal(leat_resolver_open(&own, f->world->stacks[CLIENT], own_memory, bytes, &config),
                     LEAT_OK);
    open_resolver(f, &plain_resolver);
    domains[0] = (struct leat_forwarder_domain){.name = name_of("LAN.test"), .resolver = own};
    domains[1] =
        (struct leat_forwarder_domain){.name = name_of("pub.lan.test"), .resolver = f->resolver};
    domains[2] =
        (struct leat_forwarder_domain){.name = name_of("10.in-addr.arpa"), .resolver = own};
    domains[3] = (struct leat_forwarder_domain){.name = name_of("only.test")};
    domains[4] = (struct leat_forwarder_domain){.name = name_of("net"), .resolver = own};
    open_home_with(f, &forwarder);
}

static uint8_t asked_at(struct fixture *f, const char *name)
{
    const unsigned before = f->liar.count;

    assert_true(strlen(ask(name, LEAT_DNS_A)) > 0);
    assert_in_range(f->liar.count, before, before + 1);
    return f->liar.count == before ? 0 : f->liar.seen[before].to.bytes[15];
}

/* Opens them, and asks for names. @asked has them, each before the last byte of the address that is
 * asked for it; 0: none is. */
static void check_domains(struct fixture *f, const char *asked)
{
    char name[80];
    unsigned at;

    with_liar(f, says_8);
    open_domains(f);
    for (int len = 0; sscanf(asked, "%79s %u%n", name, &at, &len) == 2; asked += len)
        assert_int_equal(asked_at(f, name), at);
    assert_int_equal(strlen(asked), 0);
}

static void test_the_longest_domain_counts(void **state)
{
    /* the last one comes from the cache */
    check_domains(*state, "www.test 1 lan.test 3 a.b.lan.TEST 3 xlan.test 1 "
                          "test 1 pub.LAN.test 1 a.pub.lan.test 1 a.b.lan.test 0");
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 0)->questions, 3);
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 0)->waited, 2);
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 0)->cached, 1);
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 1)->questions, 2);
    assert_int_equal(leat_resolver_counts(own)->replies, 2);
    assert_int_equal(home.counts->cached, 1);
}

static void test_a_domain_without_servers_has_no_names(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_domains(f);
    assert_string_equal(ask("a.only.test", LEAT_DNS_A),
                        "NXDOMAIN\n--\na.only.test. 60 IN SOA . . 1 60 60 60 60\n--\n");
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 3)->denied, 1);
    assert_int_equal(home.counts->replies, 1);
}

/* A reverse zone of the home has servers there; but a domain doesn't open what is below it and
 * special. */
static void test_a_domain_wins_over_a_special_zone_that_is_not_longer(void **state)
{
    check_domains(*state, "1.0.0.10.in-addr.arpa 3 1.0.168.192.in-addr.arpa 0 "
                          "x.net 3 use-application-dns.net 0");
    assert_int_equal(home.counts->special, 2);
}

/* 10.0.0.3 is silent. */
static void says_8_at_home(struct liar *liar)
{
    if (liar->local_ip.bytes[15] == 1)
        says_8(liar);
}

/* The servers of one domain are silent. Its questions take no places, and no lookups, of others. */
static void test_silent_servers_delay_their_domain_only(void **state)
{
    struct fixture *f = *state;
    struct message query;
    char name[40];

    with_liar(f, says_8_at_home);
    open_domains(f);
    for (unsigned i = 0; i < 2 * OWN_LOOKUPS; i++) {
        snprintf(name, sizeof name, "n%u.lan.test", i);
        make_query(&query, name, LEAT_DNS_A, 0);
        send_query(&query);
    }
    world_wait(f->world, 20 * ms);
    assert_int_equal(leat_forwarder_domain_counts(home.forwarder, 0)->waited, 2 * OWN_LOOKUPS);
    /* one client alone has at most half of the places; the others made room at once */
    assert_int_equal(home.counts->displaced, 2 * OWN_LOOKUPS - (OWN_LOOKUPS - OWN_LOOKUPS / 8) / 2);
    assert_int_equal(asked_at(f, "www.test"), 1);
    assert_int_equal(home.counts->busy, 0);
}

/* An answer of the main servers comes while a TCP client's question for a domain waits, and the
 * other way round. */
static void test_one_client_gets_answers_of_both(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_domains(f);
    assert_int_equal(strlen(stream_names("a.lan.test b.test a.only.test c.pub.lan.test", second)),
                     8);
    assert_int_equal(f->liar.count, 3);
    assert_int_equal(home.counts->replies, 4);
}

static void test_domains_without_a_legal_name_are_refused(void **state)
{
    struct fixture *f = *state;
    struct leat_forwarder_domain domain = {.name = {.len = 3, .wire = {1, 'a', 1}}};
    const struct leat_forwarder_config config = {.domains = &domain, .domain_count = 1};
    struct leat_forwarder_config full = config;
    static char memory[400000];
    struct leat_forwarder *forwarder;

    with_liar(f, NULL);
    open_resolver(f, &plain_resolver);
    full.resolver = f->resolver;
    assert_in_range(leat_forwarder_memory_bytes(&full), 1, sizeof memory);
    for (unsigned i = 0; i < 4; i++) {
        static const struct leat_dns_name names[] = {{.len = 3, .wire = {1, 'a', 1}},
                                                     {.len = 0},
                                                     {.len = 3, .wire = {0xc0, 12, 0}},
                                                     {.len = 4, .wire = {1, 'a', 0, 0}}};

        domain.name = names[i];
        assert_int_equal(
            leat_forwarder_open(&forwarder, f->world->stacks[CLIENT], memory, sizeof memory, &full),
            LEAT_ERR_ARGUMENT);
    }
    domain.name = name_of("a");
    domain.reserved[0] = 1;
    assert_int_equal(
        leat_forwarder_open(&forwarder, f->world->stacks[CLIENT], memory, sizeof memory, &full),
        LEAT_ERR_ARGUMENT);
}

#define DOMAIN(name) cmocka_unit_test_setup_teardown(name, set_up, close_domains)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOMAIN(test_the_longest_domain_counts),
        DOMAIN(test_a_domain_without_servers_has_no_names),
        DOMAIN(test_a_domain_wins_over_a_special_zone_that_is_not_longer),
        DOMAIN(test_silent_servers_delay_their_domain_only),
        DOMAIN(test_one_client_gets_answers_of_both),
        DOMAIN(test_domains_without_a_legal_name_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

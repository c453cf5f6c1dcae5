/* test_config.c -- limits and defaults of a resolver, a server and a forwarder. */
#include "dns_home.h"

#include "proto/dns/lookup.h"
#include "served.h"

/* A configuration that is one change away from a legal one. */
struct limit {
    const char *name;
    size_t at, bytes; /* the member */
    uint64_t value;
    enum leat_err err;
};

#define LIMIT(type, member, value, err)                                                            \
    {                                                                                              \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member), value, err     \
    }
#define TAKEN(member, value)   LIMIT(leat_resolver_config, member, value, LEAT_OK)
#define REFUSED(member, value) LIMIT(leat_resolver_config, member, value, LEAT_ERR_ARGUMENT)

/* Writes the lowest bytes of the value: the tests run on machines of that order. */
static void set_member(void *config, const struct limit *limit)
{
    memcpy((uint8_t *)config + limit->at, &limit->value, limit->bytes);
}

static enum leat_err open_resolver_in(struct fixture *f, const struct leat_resolver_config *config,
                                      size_t fewer)
{
    const size_t bytes = leat_resolver_memory_bytes(config) - fewer;
    void *memory = malloc(bytes);
    enum leat_err err;

    err = leat_resolver_open(&f->resolver, f->world->stacks[CLIENT], memory, bytes, config);
    if (!err)
        leat_resolver_close(f->resolver);
    f->resolver = NULL;
    free(memory);
    return err;
}

static void the_limits_of_a_resolver(void **state)
{
    static const struct limit limits[] = {
        REFUSED(server_count, 0),
        TAKEN(server_count, 1),
        TAKEN(server_count, LEAT_RESOLVER_SERVERS_MAX),
        REFUSED(server_count, LEAT_RESOLVER_SERVERS_MAX + 1),
        TAKEN(rounds, 1),
        TAKEN(rounds, 16),
        REFUSED(rounds, 17),
        REFUSED(answer_bytes, LEAT_DNS_UDP_BYTES - 1),
        TAKEN(answer_bytes, LEAT_DNS_UDP_BYTES),
        TAKEN(answer_bytes, UINT16_MAX),
        TAKEN(ttl_max_s, 604800),
        REFUSED(ttl_max_s, 604801),
        TAKEN(stale_s, 604800),
        REFUSED(stale_s, 604801),
        TAKEN(failure_ttl_s, 300),
        REFUSED(failure_ttl_s, 301),
        REFUSED(cache_bytes, LEAT_RESOLVER_CACHE_BYTES_MIN - 1),
        TAKEN(cache_bytes, LEAT_RESOLVER_CACHE_BYTES_MIN),
        REFUSED(reserved[0], 1),
        REFUSED(reserved[LEAT_RESERVED - 1], 1),
        REFUSED(tls_clients[0], 16), /* no pointer is followed before that */
        REFUSED(tls_clients[LEAT_RESOLVER_SERVERS_MAX - 1], 16),
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}}, .server_count = 1};

        set_member(&config, &limits[i]);
        if (open_resolver_in(f, &config, 0) != limits[i].err)
            fail_msg("%s %u", limits[i].name, (unsigned)limits[i].value);
        if (!limits[i].err)
            assert_int_equal(open_resolver_in(f, &config, 1), LEAT_ERR_MEMORY);
    }
}

static void the_defaults_of_a_resolver(void **state)
{
    static const struct leat_tls_client with_tls;
    struct leat_resolver_config config = {.servers = {{.ip = SERVER_IP}, {.ip = SERVER2_IP}},
                                          .server_count = 2};
    struct fixture *f = *state;
    const struct leat_resolver_config *full;

    config.tls_clients[1] = &with_tls;
    config.tls_connect = leat_tls_connect;
    open_resolver(f, &config);
    full = &f->resolver->config;
    assert_int_equal(full->servers[0].port, 53);
    assert_int_equal(full->servers[1].port, 853);
    assert_int_equal(full->rounds, 3);
    assert_int_equal(full->lookups, 16);
    assert_int_equal(full->answer_bytes, 4096);
    assert_int_equal(full->ttl_max_s, 86400);
    assert_int_equal(full->negative_ttl_max_s, 10800);
    assert_int_equal(full->failure_ttl_s, 5);
    assert_int_equal(full->stale_s, 0);
    assert_int_equal(full->cache_bytes, 0);
    assert_int_equal(full->tcp_idle_ns, 10 * second);
    assert_int_equal(full->timeout_ns, 2 * second);
}

static enum leat_err open_server_in(struct fixture *f, const struct leat_dns_server_config *config,
                                    size_t fewer)
{
    const size_t bytes = leat_dns_server_memory_bytes(config) - fewer;
    void *memory = malloc(bytes);
    enum leat_err err;

    err = leat_dns_server_open(&f->server, f->world->stacks[SERVER], memory, bytes, config);
    if (!err)
        leat_dns_server_close(f->server);
    f->server = NULL;
    free(memory);
    return err;
}

#undef TAKEN
#undef REFUSED
#define TAKEN(member, value)   LIMIT(leat_dns_server_config, member, value, LEAT_OK)
#define REFUSED(member, value) LIMIT(leat_dns_server_config, member, value, LEAT_ERR_ARGUMENT)

static void the_limits_of_a_server(void **state)
{
    static const struct limit limits[] = {
        TAKEN(clients, 1),
        REFUSED(zones.count, 0),
        REFUSED(tcp_reply_bytes, LEAT_DNS_REPLY_BYTES_MIN - 1),
        TAKEN(tcp_reply_bytes, LEAT_DNS_REPLY_BYTES_MIN),
        TAKEN(tcp_reply_bytes, 65535),
        REFUSED(tcp_reply_bytes, 65536),
        REFUSED(reserved[0], 1),
        REFUSED(reserved[LEAT_RESERVED - 1], 1),
    };
    struct fixture *f = *state;

    f->zone = zone_of("$ORIGIN z.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n", &f->zone_memory);
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct leat_dns_server_config config = {.zones = {.list = &f->zone, .count = 1}};

        set_member(&config, &limits[i]);
        if (open_server_in(f, &config, 0) != limits[i].err)
            fail_msg("%s %u", limits[i].name, (unsigned)limits[i].value);
        if (!limits[i].err)
            assert_int_equal(open_server_in(f, &config, 1), LEAT_ERR_MEMORY);
    }
}

/* A 0 takes as much memory as the value that it stands for. */
static void the_defaults_of_a_server(void **state)
{
    static const struct leat_dns_server_config none;
    struct leat_dns_server_config config = {.clients = 16, .tcp_reply_bytes = 16384};
    const size_t bytes = leat_dns_server_memory_bytes(&none);

    (void)state;
    assert_int_equal(leat_dns_server_memory_bytes(&config), bytes);
    config.clients = 17;
    assert_true(leat_dns_server_memory_bytes(&config) > bytes);
    config.clients = 16;
    config.tcp_reply_bytes = 16384 + 16;
    assert_int_equal(leat_dns_server_memory_bytes(&config), bytes + 16);
    config = (struct leat_dns_server_config){.no_rate_limit = true};
    assert_true(leat_dns_server_memory_bytes(&config) < bytes);
}

static enum leat_err open_forwarder_in(struct fixture *f,
                                       const struct leat_forwarder_config *config, size_t fewer)
{
    const size_t bytes = leat_forwarder_memory_bytes(config) - fewer;
    void *memory = malloc(bytes);
    struct leat_forwarder *forwarder;
    enum leat_err err;

    err = leat_forwarder_open(&forwarder, f->world->stacks[CLIENT], memory, bytes, config);
    if (!err)
        leat_forwarder_close(forwarder);
    free(memory);
    return err;
}

static enum leat_err open_with_network(struct fixture *f, struct leat_ip ip, unsigned bits)
{
    const struct leat_forwarder_network networks[] = {{.ip = four(1), .prefix_bits = 24},
                                                      {.ip = ip, .prefix_bits = (uint8_t)bits}};
    const struct leat_forwarder_config config = {
        .resolver = f->resolver, .networks = networks, .network_count = 2};

    return open_forwarder_in(f, &config, 0);
}

static void the_limits_of_a_forwarder(void **state)
{
    struct fixture *f = *state;
    struct leat_forwarder_config config = {.clients = 1};

    open_plain_resolver(f, 1);
    config.resolver = f->resolver;
    assert_int_equal(open_forwarder_in(f, &config, 0), LEAT_OK);
    assert_int_equal(open_forwarder_in(f, &config, 1), LEAT_ERR_MEMORY);
    assert_int_equal(open_with_network(f, four(1), 32), LEAT_OK);
    assert_int_equal(open_with_network(f, four(1), 33), LEAT_ERR_ARGUMENT);
    assert_int_equal(open_with_network(f, six(0, 1), 128), LEAT_OK);
    assert_int_equal(open_with_network(f, six(0, 1), 129), LEAT_ERR_ARGUMENT);
    for (unsigned i = 0; i < LEAT_RESERVED; i++) {
        config.reserved[i] = 1;
        assert_int_equal(open_forwarder_in(f, &config, 0), LEAT_ERR_ARGUMENT);
        config.reserved[i] = 0;
    }
    config.resolver = NULL;
    assert_int_equal(
        leat_forwarder_open(&home.forwarder, f->world->stacks[CLIENT], NULL, 0, &config),
        LEAT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_limits_of_a_resolver),  TEST(the_defaults_of_a_resolver),
        TEST(the_limits_of_a_server),    TEST(the_defaults_of_a_server),
        TEST(the_limits_of_a_forwarder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

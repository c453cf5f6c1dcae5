/* test_ipv6_config.c -- defaults and limits of IPv6's configuration, and reserved identifiers. */
#include "frames6.h"

#include "ip/host.h"
#include "ip/v6/ipv6.h"

static size_t bytes_of(struct leat_ipv6_config config)
{
    return leat_ipv6_memory_bytes(&config);
}

/* Each default takes the same memory as its number, and neither its neighbours nor none. */
static void a_limit_of_0_is_the_default(void **state)
{
    const size_t all = leat_ipv6_memory_bytes(NULL);

    (void)state;
    assert_int_equal(bytes_of((struct leat_ipv6_config){.hop_limit = 0}), all);
#define DEFAULT(member, value)                                                                     \
    do {                                                                                           \
        assert_int_equal(bytes_of((struct leat_ipv6_config){.member = (value)}), all);             \
        assert_true(bytes_of((struct leat_ipv6_config){.member = 1}) < all);                       \
        assert_true(bytes_of((struct leat_ipv6_config){.member = (value) + 64}) > all);            \
    } while (0)
    DEFAULT(neighbours, 64);
    DEFAULT(routes, 8);
    DEFAULT(redirects, 16);
    DEFAULT(hosts, 2048);
    DEFAULT(groups, 8);
#undef DEFAULT
    assert_int_equal(bytes_of((struct leat_ipv6_config){.slaacs = 1}), all);
    assert_true(bytes_of((struct leat_ipv6_config){.slaacs = 2}) > all);
    /* a host table has 64 entries at least */
    assert_int_equal(bytes_of((struct leat_ipv6_config){.hosts = 1}),
                     bytes_of((struct leat_ipv6_config){.hosts = 64}));
    assert_true(bytes_of((struct leat_ipv6_config){.hosts = 128}) >
                bytes_of((struct leat_ipv6_config){.hosts = 64}));
    assert_int_equal(bytes_of((struct leat_ipv6_config){.hosts = HOST_INDEX_MAX}),
                     bytes_of((struct leat_ipv6_config){.hosts = UINT32_MAX}));
}

static struct ipv6 *ipv6_of(struct world *world)
{
    return world->stack->ipv6;
}

static void numbers_that_take_no_memory_have_defaults_too(void **state)
{
    struct world *world = world6_create();

    world_init(world);
    *state = world;
    assert_int_equal(ipv6_of(world)->config.parked, 4);
    assert_int_equal(ipv6_of(world)->config.hop_limit, 64);
    assert_int_equal(ipv6_of(world)->config.temporary_preferred_s, 86400);
    assert_int_equal(ipv6_of(world)->config.temporary_valid_s, 172800);
}

static void the_program_may_set_them(void **state)
{
    struct world *world = world6_create();

    world->ipv6_config.parked = 1;
    world->ipv6_config.hop_limit = 1;
    world->ipv6_config.temporary_preferred_s = 1;
    world->ipv6_config.temporary_valid_s = 2;
    world_init(world);
    *state = world;
    assert_int_equal(ipv6_of(world)->config.parked, 1);
    assert_int_equal(ipv6_of(world)->config.hop_limit, 1);
    assert_int_equal(ipv6_of(world)->config.temporary_preferred_s, 1);
    assert_int_equal(ipv6_of(world)->config.temporary_valid_s, 2);
}

/* RFC 5453: the anycast identifiers fdff:ffff:ffff:ff80 to fdff:ffff:ffff:ffff, and 0. */
static void identifiers_of_anycast_addresses_are_reserved(void **state)
{
    static const struct {
        uint64_t identifier;
        bool reserved;
    } table[] = {
        {0, true},
        {1, false},
        {UINT64_C(0xfdffffffffffff7f), false},
        {UINT64_C(0xfdffffffffffff80), true},
        {UINT64_C(0xfdffffffffffffc0), true},
        {UINT64_C(0xfdffffffffffffff), true},
        {UINT64_C(0xfe00000000000000), false},
        {UINT64_MAX, false},
        {UINT64_C(0x7dffffffffffff80), false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(identifier6_is_reserved(table[i].identifier), table[i].reserved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_of_0_is_the_default),
        cmocka_unit_test_teardown(numbers_that_take_no_memory_have_defaults_too, world_teardown),
        cmocka_unit_test_teardown(the_program_may_set_them, world_teardown),
        cmocka_unit_test(identifiers_of_anycast_addresses_are_reserved),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

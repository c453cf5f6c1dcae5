/* test_table_costs.c -- the memory and the masks of the hash tables of links and of IPv6. */
#include "frames6.h"

#include "ip/host.h"
#include "ip/v6/block6.h"
#include "ip/v6/neighbour6.h"
#include "ip/v6/route6.h"
#include "ip/v6/sent6.h"
#include "link/arp.h"
#include "link/fair_queue.h"
#include "link/neighbour.h"

static const uint16_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 255, 256, 257, 1000};

enum {
    COUNTS = sizeof counts / sizeof counts[0]
};

/* The smallest power of two from @least on. */
static uint32_t power_from(uint32_t least)
{
    uint32_t power = 1;

    for (unsigned bit = 0; bit < 31; bit++)
        power = power < least ? 2u << bit : power;
    return power;
}

static size_t cost_of_neighbours(uint16_t entries)
{
    const struct leat_config config = {.arp_entries = entries};

    return neighbours_cost(&config);
}

/* The table has the same head for each number of entries. */
static void a_table_of_neighbours_has_a_bucket_for_each(void **state)
{
    const size_t head = cost_of_neighbours(1) - arena_cost(1, sizeof(struct neighbour)) -
                        arena_cost(1, sizeof(void *));

    (void)state;
    assert_in_range(head, sizeof(void *) * 16, 1024);
    for (unsigned i = 0; i < COUNTS; i++)
        assert_int_equal(cost_of_neighbours(counts[i]),
                         head + arena_cost(counts[i], sizeof(struct neighbour)) +
                             arena_cost(power_from(counts[i]), sizeof(void *)));
}

static void a_table_of_flows_has_rest_queues_and_a_bucket_for_each(void **state)
{
    static uint8_t memory[1 << 20];

    (void)state;
    for (unsigned i = 0; i < COUNTS; i++) {
        const uint32_t buckets = power_from(counts[i]);
        const size_t cost = fair_table_cost(counts[i], 3);
        struct fair_table table = {.links = 9};
        struct arena arena = {.next = memory + (ARENA_ALIGN - (uintptr_t)memory % ARENA_ALIGN) %
                                                   ARENA_ALIGN};
        unsigned free_entries = 0;

        assert_int_equal(cost,
                         arena_cost(counts[i] + 3u, sizeof(struct flow)) + arena_cost(buckets, 2));
        arena.end = arena.next + cost - 1;
        assert_true(cost < sizeof memory - ARENA_ALIGN);
        assert_false(fair_table_init(&table, &arena, counts[i], 3));
        arena.next = memory + (ARENA_ALIGN - (uintptr_t)memory % ARENA_ALIGN) % ARENA_ALIGN;
        arena.end = arena.next + cost;
        assert_true(fair_table_init(&table, &arena, counts[i], 3));
        assert_ptr_equal(arena.next, arena.end);
        assert_int_equal(table.bucket_mask, buckets - 1);
        assert_int_equal(table.count, counts[i]);
        assert_int_equal(table.links, 0);
        for (uint32_t bucket = 0; bucket < buckets; bucket++)
            assert_int_equal(table.buckets[bucket], FLOW_NONE);
        /* the free list has each entry behind the rest queues once, the first one in front */
        for (uint16_t at = table.free; at != FLOW_NONE; at = table.all[at].chain)
            assert_int_equal(at, 3 + free_entries++);
        assert_int_equal(free_entries, counts[i]);
    }
}

static void the_tables_of_ipv6_cost_what_they_hold(void **state)
{
    const size_t head6 = arena_cost(1, sizeof(struct neighbours6));

    (void)state;
    for (unsigned i = 0; i < COUNTS; i++) {
        const uint16_t count = counts[i];
        const struct leat_ipv6_config config = {.neighbours = count,
                                                .hosts = count,
                                                .routes = (uint8_t)count,
                                                .redirects = 7,
                                                .slaacs = 2,
                                                .groups = count};
        const uint32_t buckets = power_from(count / 2u + 1), flows = power_from(count + 1u) / 2;

        assert_int_equal(neighbours6_cost(&config),
                         head6 + arena_cost(count, sizeof(struct neighbour6)) +
                             arena_cost(power_from(count), sizeof(void *)));
        assert_int_equal(hosts6_cost(&config), arena_cost(1, sizeof(struct hosts6)) +
                                                   arena_cost(count + 1u, sizeof(struct host6)) +
                                                   2 * arena_cost(buckets, sizeof(uint32_t)));
        assert_int_equal(paths6_cost(&config), arena_cost(ROUTE_CACHE_HOSTS, sizeof(struct sent6)) +
                                                   arena_cost(flows, sizeof(struct flow6)));
        assert_int_equal(
            routes6_cost(&config),
            arena_cost((uint8_t)count + 7u + 2 * (LEAT_SLAAC_ROUTERS_MAX + LEAT_SLAAC_ROUTES_MAX),
                       sizeof(struct route6)));
        assert_int_equal(mld_cost(&config),
                         arena_cost((size_t)LEAT_NETIFS_MAX * LEAT_IPV6_ADDRESSES_MAX + count,
                                    sizeof(struct group)));
    }
    assert_int_equal(blocks6_cost(), arena_cost(1, sizeof(struct blocks6)));
}

/* Two of these tables don't grow beyond 1,024 places. */
static void caches_of_ipv6_have_1024_places_at_most(void **state)
{
    static const uint32_t hosts[] = {1023, 1024, 1025, 2047, 2048, 4096, 100000};

    (void)state;
    for (unsigned i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const struct leat_ipv6_config config = {.hosts = hosts[i]};
        const uint32_t buckets = power_from(hosts[i] / 2 + 1);
        const uint32_t known = buckets < 1024 ? buckets : 1024,
                       flows = hosts[i] < 1024 ? 512 : 1024;

        assert_int_equal(hosts6_cost(&config), arena_cost(1, sizeof(struct hosts6)) +
                                                   arena_cost(hosts[i] + 1, sizeof(struct host6)) +
                                                   arena_cost(buckets, sizeof(uint32_t)) +
                                                   arena_cost(known, sizeof(uint32_t)));
        assert_int_equal(paths6_cost(&config), arena_cost(ROUTE_CACHE_HOSTS, sizeof(struct sent6)) +
                                                   arena_cost(flows, sizeof(struct flow6)));
    }
}

static void masks_are_the_numbers_of_buckets(void **state)
{
    static const struct {
        uint16_t neighbours, hosts;
        uint32_t neighbour_mask, bucket_mask, known_mask, flow_mask;
    } table[] = {{64, 2048, 63, 2047, 1023, 1023},
                 {3, 64, 3, 63, 63, 63},
                 {65, 4000, 127, 2047, 1023, 1023},
                 {4, 600, 3, 511, 511, 511}};

    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct world *world = world6_create();

        world->ipv6_config.neighbours = table[i].neighbours;
        world->ipv6_config.hosts = table[i].hosts;
        world_init(world);
        *state = world;
        assert_int_equal(world->stack->ipv6->neighbours->bucket_mask, table[i].neighbour_mask);
        assert_int_equal(world->stack->hosts6->bucket_mask, table[i].bucket_mask);
        assert_int_equal(world->stack->hosts6->known_mask, table[i].known_mask);
        assert_int_equal(world->stack->hosts6->count, table[i].hosts);
        assert_int_equal(world->stack->ipv6->flow_mask, table[i].flow_mask);
        world_teardown(state);
    }
}

/* How many buckets hold 12 neighbours whose addresses differ in one octet. */
static unsigned buckets_taken(struct world *world, unsigned octet)
{
    const struct neighbours6 *table = world->stack->ipv6->neighbours;
    struct neighbour6 *placed[12];
    unsigned taken = 0;

    for (uint8_t i = 0; i < 12; i++) {
        struct leat_ip ip = ip6_of("2001:db8:1::1");

        ip.bytes[octet] = i;
        placed[i] = neighbour6_place(&world->stack->links[0], ip);
        assert_non_null(placed[i]);
    }
    for (uint32_t bucket = 0; bucket <= table->bucket_mask; bucket++)
        taken += table->buckets[bucket] != NULL;
    for (unsigned i = 0; i < 12; i++)
        neighbour6_release(world->stack, placed[i]);
    return taken;
}

/* So an attacker who chooses only a part of an address fills no single bucket. */
static void each_octet_of_an_address_counts_for_its_bucket(void **state)
{
    struct world *world = world6_create();

    world_init(world);
    *state = world;
    for (unsigned octet = 0; octet < 16; octet++)
        assert_true(buckets_taken(world, octet) > 4);
    world_teardown(state);
}

/* How many places of the cache of lookups hold 12 hosts whose addresses differ in one octet. */
static unsigned places_taken(unsigned octet)
{
    struct world *world = world6_create();
    const struct hosts6 *table;
    unsigned taken = 0;
    void *ended = world;

    world_init(world);
    table = world->stack->hosts6;
    for (uint32_t place = 0; place <= table->known_mask; place++)
        taken -= table->known[place] > 0;
    for (uint8_t i = 0; i < 12; i++) {
        struct leat_ip ip = ip6_of("2001:db8:1::1");

        ip.bytes[octet] = (uint8_t)(i + 1);
        host6_of(world->stack, ip, 0);
    }
    for (uint32_t place = 0; place <= table->known_mask; place++)
        taken += table->known[place] > 0;
    world_teardown(&ended);
    return taken;
}

static void each_octet_of_an_address_counts_for_the_cache(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 16; octet++)
        assert_true(places_taken(octet) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_neighbours_has_a_bucket_for_each),
        cmocka_unit_test(a_table_of_flows_has_rest_queues_and_a_bucket_for_each),
        cmocka_unit_test(the_tables_of_ipv6_cost_what_they_hold),
        cmocka_unit_test(caches_of_ipv6_have_1024_places_at_most),
        cmocka_unit_test(masks_are_the_numbers_of_buckets),
        cmocka_unit_test(each_octet_of_an_address_counts_for_its_bucket),
        cmocka_unit_test(each_octet_of_an_address_counts_for_the_cache),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

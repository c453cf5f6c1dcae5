/* test_order6.c -- IPv6 neighbours by their last use, beside a model. */
#include "frames6.h"

#include "ip/v6/neighbour6.h"

enum {
    ENTRIES = 8,
    ROUNDS = 3000
};

/* The model: addresses by their last octet, the oldest one first. */
struct order {
    uint8_t octets[ENTRIES];
    unsigned count;
};

static struct leat_ip numbered(uint8_t octet)
{
    struct leat_ip ip = ip6_of("2001:db8:7::");

    ip.bytes[15] = octet;
    return ip;
}

/* Both directions of the list, the buckets and the free list agree with the model. */
static void check(struct world *world, const struct order *order)
{
    const struct neighbours6 *table = world->stack->ipv6->neighbours;
    const struct neighbour6 *n = table->oldest;
    unsigned count = 0, unused = 0;

    for (; n; n = n->newer, count++) {
        assert_true(count < order->count);
        assert_int_equal(n->ip.bytes[15], order->octets[count]);
        assert_true(n->newer ? n->newer->older == n : table->newest == n);
    }
    assert_int_equal(count, order->count);
    for (n = table->newest; n; n = n->older) {
        assert_int_equal(n->ip.bytes[15], order->octets[--count]);
        assert_true(n->older || table->oldest == n);
    }
    assert_int_equal(count, 0);
    for (n = table->free; n; n = n->newer)
        unused++;
    assert_int_equal(unused, ENTRIES - order->count);
    for (unsigned octet = 0; octet < 2 * ENTRIES; octet++) {
        bool known = false;

        for (unsigned i = 0; i < order->count; i++)
            known |= order->octets[i] == octet;
        n = neighbour6_find(&world->stack->links[0], numbered((uint8_t)octet));
        assert_int_equal(n != NULL, known);
        assert_true(!n || n->ip.bytes[15] == octet);
    }
}

/* Takes an address out of the model; false: it isn't there. */
static bool take(struct order *order, uint8_t octet)
{
    unsigned i = 0;

    while (i < order->count && order->octets[i] != octet)
        i++;
    if (i == order->count)
        return false;
    order->count--;
    memmove(order->octets + i, order->octets + i + 1, order->count - i);
    return true;
}

/* A neighbour is placed, used or released at random; a full table places none. */
static void the_order_of_neighbours_is_that_of_their_use(void **state)
{
    struct world *world = world6_create();
    struct order order = {.count = 0};
    uint32_t random = 1;
    struct link *link;

    world->ipv6_config.neighbours = ENTRIES;
    world_init(world);
    *state = world;
    link = &world->stack->links[0];
    check(world, &order);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint8_t octet =
            (uint8_t)((random = random * 1103515245 + 12345) >> 16) % (2 * ENTRIES);
        const bool is_full = order.count == ENTRIES, known = take(&order, octet);

        if (known && round % 3 > 0) {
            neighbour6_release(world->stack, neighbour6_find(link, numbered(octet)));
        } else if (known) {
            neighbour6_used(world->stack, neighbour6_find(link, numbered(octet)));
            order.octets[order.count++] = octet;
        } else {
            assert_int_equal(neighbour6_place(link, numbered(octet)) == NULL, is_full);
            if (!is_full)
                order.octets[order.count++] = octet;
        }
        check(world, &order);
    }
    while (order.count > 0) {
        neighbour6_release(world->stack, neighbour6_find(link, numbered(order.octets[0])));
        take(&order, order.octets[0]);
    }
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_neighbours_is_that_of_their_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_peer.c -- the table of remote addresses, compared with a model. */
#include "unit.h"

#include <string.h>

#include "tcp/conn/peer.h"

enum {
    PEERS = 64,
    ADDRESSES = 48,
    HELD_MAX = 4096
};

static _Alignas(64) uint8_t memory[65536];
static struct peer_table table;

static void open_table(uint32_t count)
{
    const uint64_t key[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    struct arena arena = {memory, memory + sizeof memory};

    memset(memory, 0, sizeof memory);
    memset(&table, 0, sizeof table);
    assert_true(peer_table_cost(count) <= sizeof memory);
    assert_true(peer_table_init(&table, &arena, count, key));
}

static void address_has_one_entry_while_it_has_connections(void **state)
{
    uint16_t held[HELD_MAX];
    uint32_t whose[HELD_MAX];
    uint32_t connections[ADDRESSES] = {0};
    uint32_t count = 0, seed = 1;

    (void)state;
    open_table(PEERS);
    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        if (count < HELD_MAX && (count == 0 || seed >> 31)) {
            whose[count] = seed >> 8 & 0xffff;
            whose[count] %= ADDRESSES;
            held[count] = peer_take(&table, IP4(192, 0, 2, whose[count]));
            connections[whose[count]]++;
            count++;
        } else {
            const uint32_t at = (seed >> 4) % count;

            peer_give(&table, held[at]);
            connections[whose[at]]--;
            count--;
            held[at] = held[count];
            whose[at] = whose[count];
        }
        for (uint32_t i = 0; step % 64 == 0 && i < ADDRESSES; i++) {
            const struct peer *peer = peer_find(&table, IP4(192, 0, 2, i));

            assert_int_equal(peer ? peer->connections : 0, connections[i]);
        }
    }
    while (count > 0)
        peer_give(&table, held[--count]);
    for (uint32_t i = 0; i < ADDRESSES; i++)
        assert_true(!peer_find(&table, IP4(192, 0, 2, i)) ||
                    peer_find(&table, IP4(192, 0, 2, i))->connections == 0);
}

static void addresses_beyond_the_table_share_entries(void **state)
{
    uint16_t held[100];
    uint32_t sum = 0;

    (void)state;
    open_table(4);
    for (uint32_t i = 0; i < 100; i++) {
        held[i] = peer_take(&table, IP4(10, 0, 0, i));
        assert_in_range(held[i], 1, 4);
    }
    for (uint32_t i = 1; i <= 4; i++)
        sum += table.all[i].connections;
    assert_int_equal(sum, 100);
    for (uint32_t i = 0; i < 100; i++)
        peer_give(&table, held[i]);
    for (uint32_t i = 0; i < 4; i++) /* all entries are free again */
        held[i] = peer_take(&table, IP4(10, 1, 0, i));
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(table.all[held[i]].connections, 1);
        peer_give(&table, held[i]);
    }
}

static void bucket_is_never_longer_than_its_bound(void **state)
{
    uint16_t held[32];

    (void)state;
    open_table(1024);
    table.multiplier = 1ull << 63 | 1; /* as if the key were known: all addresses collide */
    table.addend = 0;
    for (uint32_t i = 0; i < 32; i++)
        held[i] = peer_take(&table, 2 * i);
    for (uint32_t i = PEER_CHAIN_MAX; i < 32; i++)
        assert_int_equal(held[i], held[0]);
    for (uint32_t i = 0; i < 32; i++)
        peer_give(&table, held[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_has_one_entry_while_it_has_connections),
        cmocka_unit_test(addresses_beyond_the_table_share_entries),
        cmocka_unit_test(bucket_is_never_longer_than_its_bound),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

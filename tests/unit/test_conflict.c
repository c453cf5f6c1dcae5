/* test_conflict.c -- the times of RFC 5227, and what is left of an address that has gone. */
#include "world.h"

#include "link/address.h"
#include "link/arp.h"

enum {
    ROUNDS = 300,
    TICK = 2048 /* ns; a timer may fire so much later */
};

/* Lets time pass until a frame is sent; returns the time since @from_ns. */
static uint64_t next_frame_ns(struct world *world, uint64_t from_ns, leat_ip4 spa)
{
    const struct fake_frame *sent = NULL;

    for (unsigned polls = 0; !sent; polls++) {
        assert_true(polls < 10000);
        world_poll(world);
        sent = fake_netif_sent(&world->dev);
        if (!sent)
            world->now_ns = world->next_ns;
    }
    assert_int_equal(frame_get16(sent->bytes + 12), 0x0806);
    assert_int_equal(frame_get32(sent->bytes + 28), spa);
    assert_int_equal(frame_get32(sent->bytes + 38), IP_OTHER);
    return world->now_ns - from_ns;
}

/* Many random times: they fill the range between the two, and leave it nowhere. */
struct times {
    uint64_t least, most;
};

static void take(struct times *times, uint64_t ns)
{
    times->least = times->most == 0 || ns < times->least ? ns : times->least;
    times->most = ns > times->most ? ns : times->most;
}

static void assert_fills(const struct times *times, uint64_t from_ns, uint64_t to_ns)
{
    assert_in_range(times->least, from_ns, from_ns + (to_ns - from_ns) / 20);
    assert_in_range(times->most, to_ns - (to_ns - from_ns) / 20, to_ns + TICK);
}

/* RFC 5227 1.1: PROBE_WAIT, PROBE_MIN, PROBE_MAX, ANNOUNCE_WAIT, ANNOUNCE_INTERVAL. */
static void probes_come_at_random_and_announcements_at_their_time(void **state)
{
    struct world *world = world_create();
    struct times first = {0}, between = {0};

    world->config.arp_probe = true;
    world_init(world);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t at_ns = world->now_ns, wait_ns;

        assert_int_equal(
            leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_OTHER), 24), LEAT_OK);
        take(&first, next_frame_ns(world, at_ns, IP4_ANY));
        for (unsigned k = 0; k < 2; k++) {
            at_ns = world->now_ns;
            take(&between, next_frame_ns(world, at_ns, IP4_ANY));
        }
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(world->usable, i + k);
            at_ns = world->now_ns;
            wait_ns = next_frame_ns(world, at_ns, IP_OTHER);
            assert_in_range(wait_ns, 2 * second, 2 * second + TICK);
            world_poll(world); /* the address is told in the next turn */
        }
        assert_int_equal(world->usable, i + 1);
        assert_int_equal(address_find(&world->stack->links[0], IP_OTHER)->state, ADDRESS_USABLE);
        world_wait(world, 60 * second);
        assert_silent(world);
        fake_netif_forget(&world->dev); /* the device has room for so many frames */
        assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_OTHER)),
                         LEAT_OK);
    }
    assert_fills(&first, 0, second);
    assert_fills(&between, second, 2 * second);
    *state = world;
    world_teardown(state);
}

/* ---- the owner ---------------------------------------------------------------------------- */

struct owner {
    struct address_watch watch; /* first */
    unsigned usable, taken;
};

static void on_usable(struct address_watch *watch)
{
    ((struct owner *)(void *)watch)->usable++;
}

static void on_taken(struct address_watch *watch)
{
    ((struct owner *)(void *)watch)->taken++;
}

static void claim(struct world *world)
{
    const struct frame frame = frame_arp(2, &MAC_PEER, IP_OTHER, IP_US);

    world_feed(world, &frame);
    assert_ended(world, drop_arp_conflict);
    world_poll(world);
}

/* An address is lost while it is checked, and defended from then on; each is told once. */
static void an_owner_hears_of_its_address(void **state)
{
    static const struct {
        enum address_check check;
        uint64_t wait_ns; /* until the claim */
        unsigned usable, taken;
        bool stays;
    } table[] = {
        {ADDRESS_CHECK_FIRST, 0, 0, 1, false},
        {ADDRESS_CHECK_FIRST, 2000000000, 0, 1, false},
        {ADDRESS_CHECK_FIRST, 7500000000, 1, 0, true}, /* announced at least once */
        {ADDRESS_CHECK_FIRST, 30000000000, 1, 0, true},
        {ADDRESS_CHECK_BESIDE, 0, 1, 1, false},
        {ADDRESS_CHECK_BESIDE, 1900000000, 1, 1, false},
        {ADDRESS_CHECK_BESIDE, 2100000000, 1, 0, true},
        {ADDRESS_CHECK_NONE, 0, 1, 0, true},
        {ADDRESS_CHECK_NONE, 1000000000, 1, 0, true},
        {ADDRESS_CHECK_NONE, 5000000000, 1, 0, true},
    };
    struct world *world = *state;
    struct link *link = &world->stack->links[0];

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct owner owner = {.watch = {.usable = on_usable, .taken = on_taken}};
        const uint32_t usable = world->usable, conflicts = world->conflicts;

        assert_int_equal(address_add(link, IP_OTHER, 24, table[i].check, &owner.watch), LEAT_OK);
        assert_int_equal(address_add(link, IP_OTHER, 24, table[i].check, &owner.watch),
                         LEAT_ERR_IN_USE);
        world_poll(world);
        world_poll(world);
        world_wait(world, table[i].wait_ns);
        claim(world);
        assert_int_equal(owner.usable, table[i].usable);
        assert_int_equal(owner.taken, table[i].taken);
        assert_int_equal(world->usable, usable + table[i].usable);
        assert_int_equal(world->conflicts, conflicts + 1);
        assert_int_equal(address_find(link, IP_OTHER) != NULL, table[i].stays);
        if (table[i].stays) {
            claim(world); /* at once: it is not defended again */
            assert_silent(world);
            assert_int_equal(world->conflicts, conflicts + 1);
            address_stop(address_find(link, IP_OTHER));
        }
        world_wait(world, 60 * second);
        assert_int_equal(owner.usable, table[i].usable);
        assert_int_equal(owner.taken, table[i].taken);
        fake_netif_forget(&world->dev);
    }
}

/* One probe beside the first use, if that is wanted. */
static void only_a_check_beside_sends_a_probe_at_once(void **state)
{
    struct world *world = *state;
    struct link *link = &world->stack->links[0];

    for (unsigned i = 0; i < 2; i++) {
        world_mark(world);
        assert_int_equal(address_add(link, IP_OTHER, 24,
                                     i == 0 ? ADDRESS_CHECK_BESIDE : ADDRESS_CHECK_NONE, NULL),
                         LEAT_OK);
        if (i == 0)
            assert_int_equal(next_frame_ns(world, world->now_ns, IP4_ANY), 0);
        assert_in_range(next_frame_ns(world, world->now_ns, IP_OTHER), 0, TICK);
        assert_in_range(next_frame_ns(world, world->now_ns, IP_OTHER), 2 * second,
                        2 * second + TICK);
        world_wait(world, 60 * second);
        assert_silent(world);
        address_stop(address_find(link, IP_OTHER));
    }
}

/* No callback comes for an address that has been removed. */
static void an_address_that_has_gone_is_not_told(void **state)
{
    struct world *world = *state;
    struct link *link = &world->stack->links[0];
    const struct frame frame = frame_arp(2, &MAC_PEER, IP_OTHER, IP_US);
    const uint32_t usable = world->usable, conflicts = world->conflicts;

    assert_int_equal(address_add(link, IP_OTHER, 24, ADDRESS_CHECK_NONE, NULL), LEAT_OK);
    address_stop(address_find(link, IP_OTHER));
    world_wait(world, 10 * second);
    assert_int_equal(world->usable, usable);
    assert_int_equal(address_add(link, IP_OTHER, 24, ADDRESS_CHECK_NONE, NULL), LEAT_OK);
    world_wait(world, 10 * second);
    assert_int_equal(world->usable, usable + 1);
    world_feed(world, &frame);
    if (world->conflicts == conflicts) { /* told in the next turn */
        address_stop(address_find(link, IP_OTHER));
        world_wait(world, 10 * second);
        assert_int_equal(world->conflicts, conflicts);
        assert_int_equal(address_add(link, IP_OTHER, 24, ADDRESS_CHECK_NONE, NULL), LEAT_OK);
        world_wait(world, 10 * second);
        assert_int_equal(world->conflicts, conflicts);
    }
    address_stop(address_find(link, IP_OTHER));
}

/* A defence is ten seconds old at least before the next one, also of an address that came again. */
static void a_new_address_is_defended_at_once(void **state)
{
    struct world *world = *state;
    struct link *link = &world->stack->links[0];

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(address_add(link, IP_OTHER, 24, ADDRESS_CHECK_NONE, NULL), LEAT_OK);
        world_wait(world, 4 * second);
        claim(world);
        assert_int_equal(next_frame_ns(world, world->now_ns, IP_OTHER), 0);
        world_wait(world, 10 * second - 1);
        claim(world);
        assert_silent(world);
        world_wait(world, 1);
        claim(world);
        assert_int_equal(next_frame_ns(world, world->now_ns, IP_OTHER), 0);
        address_stop(address_find(link, IP_OTHER));
    }
}

/* ---- queries ------------------------------------------------------------------------------ */

static void an_address_is_found_by_its_state(void **state)
{
    struct world *world = *state;
    struct link *link = &world->stack->links[0];
    struct address kept[LEAT_ADDRESSES_MAX];
    const leat_ip4 ip = IP4(172, 16, 5, 9);

    memcpy(kept, link->addresses, sizeof kept);
    memset(link->addresses, 0, sizeof kept);
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        struct address *address = &link->addresses[i];

        for (uint8_t at = ADDRESS_NONE; at <= ADDRESS_USABLE; at++) {
            const bool is_usable = at >= ADDRESS_ANNOUNCING;

            *address = (struct address){.ip = ip, .prefix_bits = 24, .state = at};
            assert_ptr_equal(address_find(link, ip), at != ADDRESS_NONE ? address : NULL);
            assert_null(address_find(link, ip + 1));
            assert_ptr_equal(address_first(link), is_usable ? address : NULL);
            assert_int_equal(address_is_ours(link, ip), is_usable);
            assert_false(address_is_ours(link, ip + 1));
            assert_ptr_equal(address_toward(link, IP4_ANY, ip + 200), is_usable ? address : NULL);
            assert_ptr_equal(address_toward(link, ip, ip + 200), is_usable ? address : NULL);
            assert_null(address_toward(link, ip + 1, ip + 200));
            assert_null(address_toward(link, IP4_ANY, ip + 256));
            assert_int_equal(address_is_broadcast(link, IP4(172, 16, 5, 255)), is_usable);
            assert_int_equal(address_is_broadcast(link, IP4(172, 16, 5, 0)), is_usable);
            assert_false(address_is_broadcast(link, ip));
            assert_false(address_is_broadcast(link, IP4(172, 16, 6, 255)));
            assert_true(address_is_broadcast(link, IP4_BROADCAST));
        }
        address->state = ADDRESS_NONE;
    }
    memcpy(link->addresses, kept, sizeof kept);
}

/* The longest prefix wins; of equal ones, the first. RFC 3021: a /31 has no broadcast address. */
static void the_longest_prefix_leads(void **state)
{
    struct world *world = *state;
    struct link *link = &world->stack->links[0];
    struct address kept[LEAT_ADDRESSES_MAX];
    struct address *all = link->addresses;

    memcpy(kept, all, sizeof kept);
    memset(all, 0, sizeof kept);
    all[0] = (struct address){.ip = IP4(10, 1, 2, 3), .prefix_bits = 8, .state = ADDRESS_USABLE};
    all[1] = (struct address){.ip = IP4(10, 1, 2, 4), .prefix_bits = 24, .state = ADDRESS_USABLE};
    all[2] = (struct address){.ip = IP4(10, 1, 2, 5), .prefix_bits = 24, .state = ADDRESS_USABLE};
    assert_ptr_equal(address_toward(link, IP4_ANY, IP4(10, 1, 2, 9)), &all[1]);
    assert_ptr_equal(address_toward(link, IP4_ANY, IP4(10, 1, 3, 9)), &all[0]);
    assert_ptr_equal(address_toward(link, IP4(10, 1, 2, 3), IP4(10, 1, 2, 9)), &all[0]);
    assert_ptr_equal(address_first(link), &all[0]);
    for (uint8_t bits = 29; bits <= 32; bits++) {
        const leat_ip4 last = IP4(10, 1, 2, 8) | (bits < 32 ? (1u << (32 - bits)) - 1 : 0);

        all[0] =
            (struct address){.ip = IP4(10, 1, 2, 9), .prefix_bits = bits, .state = ADDRESS_USABLE};
        all[1].state = all[2].state = ADDRESS_NONE;
        assert_int_equal(address_is_broadcast(link, last), bits <= 30);
        assert_int_equal(address_is_broadcast(link, IP4(10, 1, 2, 8)), bits <= 30);
    }
    memcpy(all, kept, sizeof kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_come_at_random_and_announcements_at_their_time),
        world_test(an_owner_hears_of_its_address),
        world_test(only_a_check_beside_sends_a_probe_at_once),
        world_test(an_address_that_has_gone_is_not_told),
        world_test(a_new_address_is_defended_at_once),
        world_test(an_address_is_found_by_its_state),
        world_test(the_longest_prefix_leads),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

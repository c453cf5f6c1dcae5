/* test_own_addresses6.c -- our addresses: how they are made, and checked (RFC 4862, 7217, 7527). */
#include "frames6.h"

enum {
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    OVERRIDE = 0x20
};

static const uint8_t some_nonce[6] = {1, 2, 3, 4, 5, 6};

static struct world *bare_world(void **state)
{
    struct world *world = world6_create();

    world_init(world);
    *state = world;
    return world;
}

/* Expects the solicitation of duplicate address detection; returns the address. */
static struct leat_ip expect_probe(struct world *world, uint8_t nonce[6])
{
    const struct fake_frame *sent = world_expect(world);
    const struct leat_ip target = frame_ip6_at(sent->bytes + FRAME6_L4 + 8);

    assert_int_equal(frame_icmp6_type(sent), SOLICITATION);
    assert_int_equal(sent->bytes[21], 255);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), LEAT_IP_ANY));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), ip6_asked(target)));
    assert_int_equal(sent->len, FRAME6_L4 + 32);
    assert_int_equal(sent->bytes[FRAME6_L4 + 24], 14);
    memcpy(nonce, sent->bytes + FRAME6_L4 + 26, 6);
    return target;
}

/* Waits until the check of the link-local address starts. */
static struct leat_ip begin_check(struct world *world, uint8_t nonce[6])
{
    world_wait(world, 200 * ms);
    return expect_probe(world, nonce);
}

static void an_address_without_a_duplicate_is_used(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(world, nonce);

    assert_int_equal(world->usable, 0);
    assert_true(leat_ip_is_link_local(ip));
    world_wait(world, 700 * ms);
    assert_int_equal(world->usable, 0);
    world_wait(world, 400 * ms);
    assert_int_equal(world->usable, 1);
    assert_true(leat_ip_equal(world->last_address, ip));
    assert_silent(world);
}

/* RFC 7217: determined by the secret, the netif and the prefix only. */
static void identifiers_are_opaque_and_stable(void **state)
{
    struct world *first = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(first, nonce);
    struct leat_ip others[3];

    for (unsigned i = 0; i < 3; i++) {
        struct world *world = world6_create();

        if (i == 0)
            world->config.seed[5] ^= 1;
        else if (i == 1)
            world->ipv6_config.secret[5] ^= 1;
        else
            world->dev.netif.mac.octet[5] ^= 1;
        world_init(world);
        others[i] = begin_check(world, nonce);
        world_teardown((void **)&world);
    }
    assert_true(leat_ip_equal(others[0], ip));
    assert_false(leat_ip_equal(others[1], ip));
    assert_false(leat_ip_equal(others[2], ip));
    /* it doesn't contain the MAC (RFC 8064) */
    assert_memory_not_equal(ip.bytes + 13, first->dev.netif.mac.octet + 3, 3);
}

static void an_address_that_another_host_claims_is_replaced(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    struct leat_ip before = LEAT_IP_ANY;

    for (unsigned i = 0; i < 3; i++) {
        const struct leat_ip ip = begin_check(world, nonce);
        const struct frame answer =
            frame_ndp(ADVERTISEMENT, OVERRIDE, ip, IP6_ALL, ip, &MAC_OTHER, 0);

        assert_false(leat_ip_equal(ip, before));
        before = ip;
        world_feed(world, &answer);
        assert_ended(world, taken_ndp);
        assert_grown(world, ndp_conflicts, 1);
    }
    /* V5: after three identifiers the program is told */
    assert_int_equal(world->conflicts, 1);
    world_wait(world, 5 * second);
    assert_silent(world);
    assert_int_equal(world->usable, 0);
}

/* RFC 4862 5.4.3, RFC 7527 */
static void a_check_of_the_same_address_is_a_duplicate_but_our_own_echo_is_not(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(world, nonce);
    const struct frame ours = frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(ip), ip, 0, nonce);
    const struct frame other =
        frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(ip), ip, 0, some_nonce);
    const struct frame asker =
        frame_ndp(SOLICITATION, 0, IP6_PEER_LINK, ip6_asked(ip), ip, &MAC_PEER, 0);

    world_feed(world, &ours);
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 0);
    world_feed(world, &asker); /* a solicitation with a source address isn't answered yet */
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 0);
    assert_silent(world);
    world_feed(world, &other);
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 1);
    assert_false(leat_ip_equal(begin_check(world, nonce), ip));
}

static void an_address_of_the_program_is_given_up_and_told(void **state)
{
    struct world *world = bare_world(state);
    const struct frame answer =
        frame_ndp(ADVERTISEMENT, OVERRIDE, IP6_US, IP6_ALL, IP6_US, &MAC_OTHER, 0);

    world_wait(world, 2 * second);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64), LEAT_OK);
    world_wait(world, 300 * ms);
    world_feed(world, &answer);
    assert_ended(world, taken_ndp);
    world_wait(world, 5 * second);
    assert_int_equal(world->conflicts, 1);
    assert_true(leat_ip_equal(world->last_address, IP6_US));
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US),
                     LEAT_ERR_NOT_FOUND);
}

static void the_check_can_be_left_out(void **state)
{
    struct world *world = world6_create();

    world->ipv6_config.no_duplicate_check = true;
    world_init(world);
    *state = world;
    assert_int_equal(world->usable, 1);
    assert_silent(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_address_without_a_duplicate_is_used, world_teardown),
        cmocka_unit_test_teardown(identifiers_are_opaque_and_stable, world_teardown),
        cmocka_unit_test_teardown(an_address_that_another_host_claims_is_replaced, world_teardown),
        cmocka_unit_test_teardown(
            a_check_of_the_same_address_is_a_duplicate_but_our_own_echo_is_not, world_teardown),
        cmocka_unit_test_teardown(an_address_of_the_program_is_given_up_and_told, world_teardown),
        cmocka_unit_test_teardown(the_check_can_be_left_out, world_teardown),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

/* test_kept6.c -- a DHCPv6 address that the program has stored (RFC 8415 18.2.12). */
#include "dhcp6_talk.h"

/* A lease that was bound, stored, and stopped. */
static void keep(struct talk6 *talk, uint8_t kept[LEAT_DHCP6_KEPT_BYTES])
{
    talk6_to_bound(talk, 3600);
    leat_dhcp6_keep(leat_dhcp6_lease(talk->dhcp6), kept);
    leat_dhcp6_stop(talk->dhcp6);
    assert_false(talk6_has(talk, IP6_LEASED));
    talk6_mark(talk);
}

/* RFC 8415 18.2.12: any server may answer, with new lifetimes. */
static void a_kept_address_is_asked_for_first(void **state)
{
    struct talk6 *talk = *state;
    uint8_t kept[LEAT_DHCP6_KEPT_BYTES];
    struct answer6 reply;

    keep(talk, kept);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, kept), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_REBIND);
    assert_false(talk->heard.has_server);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED));
    reply = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    answer6_ia(&reply, talk, 0, 0);
    answer6_address(&reply, IP6_LEASED_OTHER, 3600, 3600);
    answer6_address(&reply, IP6_LEASED, 100, 200);
    talk6_feed(talk, &reply);
    assert_state6(talk, "CHECKING"); /* another host may have it meanwhile */
    world_wait(talk->world, second + 10 * ms);
    assert_state6(talk, "BOUND");
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_int_equal(leat_dhcp6_lease(talk->dhcp6)->valid_s, 200);
    assert_int_equal(talk->heard_count, 1);
}

/* RFC 8415 18.3.5: a server that doesn't know us may be silent. The Solicit names the address
 * as a hint. */
static void a_kept_address_that_no_server_knows_is_asked_for_three_seconds(void **state)
{
    struct talk6 *talk = *state;
    uint8_t kept[LEAT_DHCP6_KEPT_BYTES];
    uint64_t began_ns;
    struct answer6 offer;

    keep(talk, kept);
    began_ns = talk->world->now_ns;
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, kept), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    talk6_heard(talk, DHCP6_REBIND);
    assert_int_equal(talk->heard_count, 2);
    world_wait(talk->world, began_ns + 3600 * ms - talk->world->now_ns);
    talk6_heard(talk, DHCP6_SOLICIT);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED));
    offer = answer6(talk, DHCP6_ADVERTISE);
    answer6_option(&offer, DHCP6_PREFERENCE, "\xff", 1);
    answer6_ia(&offer, talk, 0, 0);
    answer6_address(&offer, IP6_LEASED_OTHER, 3600, 3600);
    talk6_feed(talk, &offer);
    talk6_heard(talk, DHCP6_REQUEST);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED_OTHER));
}

static void a_foreign_record_is_no_address(void **state)
{
    struct talk6 *talk = *state;
    struct leat_dhcp6_lease lease = {.ip = IP6_LEASED};
    uint8_t kept[LEAT_DHCP6_KEPT_BYTES];

    for (unsigned bit = 0; bit < 8 * sizeof kept; bit++) {
        leat_dhcp6_keep(&lease, kept);
        kept[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(leat_dhcp6_start(talk->dhcp6, kept), LEAT_OK);
        assert_state6(talk, "INIT");
        leat_dhcp6_stop(talk->dhcp6);
    }
    lease.ip = LEAT_IP_ANY; /* the lease of an answer to leat_dhcp6_inform() */
    leat_dhcp6_keep(&lease, kept);
    assert_int_equal(leat_dhcp6_start(talk->dhcp6, kept), LEAT_OK);
    assert_state6(talk, "INIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(a_kept_address_is_asked_for_first),
        talk6_test(a_kept_address_that_no_server_knows_is_asked_for_three_seconds),
        talk6_test(a_foreign_record_is_no_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_odd6.c -- rare cases of DHCPv6: fragmented messages, parts with errors inside.
 */
#include "dhcp6_talk.h"

#include <stdio.h>

/* RFC 8200 4.5: the same message in two fragments. */
static void feed_in_fragments(struct talk6 *talk, const struct answer6 *made)
{
    const struct frame whole = frame_udp6(made->src, 547, made->dst, 546, made->bytes, made->len);
    const uint32_t total = whole.len - FRAME6_L4;

    for (unsigned i = 0; i < 2; i++) {
        const uint32_t at = i == 0 ? 0 : 48, here = i == 0 ? 48 : total - 48;
        uint8_t payload[1500] = {17};
        struct frame frame;

        frame_put16(payload + 2, at | (i == 0));
        frame_put16(payload + 6, 7);
        memcpy(payload + 8, whole.bytes + FRAME6_L4 + at, here);
        frame = frame_ip6(44, made->src, made->dst, payload, 8 + here);
        frame.bytes[21] = whole.bytes[21];
        fake_netif_feed(&talk->world->dev, frame.bytes, frame.len);
        world_poll(talk->world);
    }
    world_poll(talk->world);
}

static void an_answer_may_come_in_fragments(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    feed_in_fragments(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_true(talk6_has(talk, IP6_LEASED));
}

/* An address option without its lifetimes. */
static void an_address_that_is_cut_off_makes_the_answer_void(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_ia(&reply, talk, 0, 0);
    answer6_option(&reply, 5, IP6_LEASED.bytes, 16); /* without its lifetimes */
    answer6_close(&reply);
    talk6_feed(talk, &reply);
    assert_state6(talk, "REQUESTING");
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_format, 1);
}

/* RFC 8415 21.13: at least two bytes */
static void a_status_that_is_cut_off_makes_the_answer_void(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    assert_int_equal(leat_dhcp6_inform(talk->dhcp6), LEAT_OK);
    talk6_wait_until(talk, talk->dhcp6->wait_ns);
    talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_option(&reply, 13, "x", 1);
    talk6_feed(talk, &reply);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_format, 1);
    assert_int_equal(talk->news_count, 0);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_status(&reply, 0);
    talk6_feed(talk, &reply);
    assert_int_equal(talk->news[0], LEAT_DHCP6_INFORMED);
}

static void the_same_of_a_word_about_a_lease(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_bound(talk, 3600);
    talk6_mark(talk);
    leat_dhcp6_release(talk->dhcp6);
    talk6_wait_until(talk, talk->world->now_ns);
    talk6_heard(talk, DHCP6_RELEASE);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_option(&reply, 13, "x", 1);
    talk6_feed(talk, &reply);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->drop_format, 1);
}

/* Two names of 191 letters between two of three: the second doesn't fit in the search list.
 * And an unknown form of the NTP option. */
static void parts_that_mean_nothing_are_left_out(void **state)
{
    struct talk6 *talk = *state;
    uint8_t search[5 + 2 * 193 + 5];
    char expected[300];
    struct answer6 reply;

    memset(search, 'a', sizeof search);
    for (unsigned name = 0; name < 2; name++) {
        uint8_t *at = search + 5 + 193 * name;

        at[0] = at[64] = at[128] = 63;
        at[192] = 0;
    }
    memcpy(search, "\3one", 5);
    memcpy(search + sizeof search - 5, "\3two", 5);
    snprintf(expected, sizeof expected, "one %.63s.%.63s.%.63s two", (char *)search + 6,
             (char *)search + 70, (char *)search + 134);
    talk6_to_requesting(talk);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    answer6_option(&reply, DHCP6_SEARCH, search, sizeof search);
    answer6_option(&reply, DHCP6_NTP_SERVER, "\0\11\0\2ab", 6);
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_string_equal(talk->lease.search, expected);
    assert_int_equal(talk->lease.ntp_server_count, 0);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->ignored_parts, 2);
}

static void a_message_that_finds_no_buffer_is_counted_and_said_again(void **state)
{
    struct talk6 *talk = *state;
    struct leat_buf *all = NULL, *buf;

    talk6_start(talk);
    while ((buf = leat_buf_alloc(leat_pool(talk->world->stack), 0)) ||
           (buf = leat_buf_alloc_small(leat_pool(talk->world->stack), 0))) {
        buf->queued = all;
        all = buf;
    }
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->unsent, 1);
    assert_false(talk6_listen(talk));
    world_give_all(all);
    talk6_wait_until(talk, talk->dhcp6->rexmt_ns);
    talk6_heard(talk, DHCP6_SOLICIT);
}

static void a_port_that_is_taken_is_told(void **state)
{
    static const struct leat_udp_events nothing;
    struct world *world = world6_create();
    struct leat_udp *udp;

    world->more_bytes = leat_dhcp6_memory_bytes(1);
    world_init(world);
    assert_int_equal(leat_udp_open(world->stack, &udp, &nothing, NULL), LEAT_OK);
    assert_int_equal(leat_udp_bind(udp, LEAT_IP_ANY, 546), LEAT_OK);
    assert_int_equal(leat_dhcp6_register(world->stack, 1), LEAT_ERR_IN_USE);
    leat_udp_close(udp);
    *state = world;
    world_teardown(state);
}

/* As with DHCPv4: each of these costs itself, and the lease is taken. */
static void a_malformed_option_costs_only_itself(void **state)
{
    static const struct {
        uint16_t code, len;
        const char *bytes;
    } odd[] = {
        {DHCP6_NAME_SERVERS, 5, "odd.."},
        {DHCP6_NAME_SERVERS, 0, ""},
        {DHCP6_SEARCH, 6, "\77leat"},
        {DHCP6_SEARCH, 4, "\3a?b"},
        {DHCP6_NTP_SERVER, 9, "\0\1\0\20short"}, /* goes beyond the option around it */
        {DHCP6_NTP_SERVER, 9, "\0\1\0\5short"},
        {DHCP6_NTP_SERVER, 4, "\0\3\0\0"},
        {DHCP6_SOL_MAX_RT, 3, "abc"},
        {DHCP6_INF_MAX_RT, 5, "abcde"},
        {DHCP6_REFRESH_TIME, 0, ""},
        {DHCP6_IA_NA, 11, "association"},
    };
    const unsigned count = sizeof odd / sizeof *odd;
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = answer6(talk, DHCP6_REPLY);
    for (unsigned i = 0; i < count; i++)
        answer6_option(&reply, odd[i].code, odd[i].bytes, odd[i].len);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    answer6_ia(&reply, talk, 0, 0);
    answer6_option(&reply, DHCP6_IA_ADDRESS, IP6_LEASED.bytes, 16); /* without its lifetimes */
    answer6_address(&reply, IP6_LEASED, 1000, 1000);
    answer6_close(&reply);
    answer6_option(&reply, DHCP6_SEARCH, "\4leat", 6);
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_int_equal(talk->lease.name_server_count, 1);
    assert_string_equal(talk->lease.search, "leat");
    assert_int_equal(talk->lease.ignored_parts, count + 1);
    assert_int_equal(talk->lease.ignored_option, DHCP6_NAME_SERVERS);
    assert_int_equal(leat_dhcp6_counts(talk->dhcp6)->ignored_parts, count + 1);
}

/* The last option goes beyond the message, or beyond the association, behind a good address. */
static void a_cut_off_end_costs_only_itself(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 reply;

    talk6_to_requesting(talk);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_ia(&reply, talk, 0, 0);
    answer6_address(&reply, IP6_LEASED, 1000, 1000);
    answer6_option(&reply, 99, "", 0);
    reply.bytes[reply.len - 1] = 1; /* its length */
    answer6_close(&reply);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    reply.len--;
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_int_equal(talk->lease.name_server_count, 0);
    assert_int_equal(talk->lease.ignored_parts, 2);
    assert_int_equal(talk->lease.ignored_option, 0);
}

static void expect_refusal(const struct talk6 *talk, const char *expected)
{
    char text[LEAT_REFUSAL_TEXT_BYTES];

    leat_refusal_format(leat_dhcp6_refusal(talk->dhcp6), text);
    assert_string_equal(text, expected);
}

static void the_last_refusal_is_remembered_until_a_lease_is_taken(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_start(talk);
    expect_refusal(talk, "");
    made = grant6(talk, DHCP6_ADVERTISE, 3600);
    made.bytes[3] ^= 1; /* another xid is no refusal */
    talk6_feed(talk, &made);
    expect_refusal(talk, "");
    made.bytes[3] ^= 1;
    made.bytes[4 + 4 + 9] ^= 1;
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but without our client identifier (option 1)");
    made.bytes[4 + 4 + 9] ^= 1;
    made.bytes[4 + 14 + 1] = 77; /* no server identifier */
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but without saying which server it is (option 2) "
                         "(2 times)");
    made = grant6(talk, DHCP6_ADVERTISE, 9);
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but with a lease that is too short, or was over when "
                         "it came (3 times)");
    made = answer6(talk, DHCP6_ADVERTISE);
    answer6_status(&made, DHCP6_NO_ADDRS_AVAIL);
    talk6_feed(talk, &made);
    expect_refusal(talk,
                   "fe80::5 answered, but with the status NoAddrsAvail: it has no address for "
                   "us (4 times)");
    made = answer6(talk, DHCP6_ADVERTISE);
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but without an address that a host can have (5 times)");
    made.bytes[0] = DHCP6_REPLY;
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but with a message of another type than is awaited (6 "
                         "times)");
    made.bytes[0] = DHCP6_RECONFIGURE;
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but with a Reconfigure that is not signed (7 times)");
    made.len = 3;
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but with a message that is cut short (8 times)");
    leat_dhcp6_stop(talk->dhcp6);
    talk6_to_bound(talk, 3600);
    expect_refusal(talk, "");
}

static void other_refusals_of_a_request_are_told(void **state)
{
    struct talk6 *talk = *state;
    struct answer6 made;

    talk6_to_requesting(talk);
    made = answer6_from(talk, DHCP6_REPLY, TALK6_OTHER_DUID);
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but as another server than the one that was chosen");
    made = answer6(talk, DHCP6_REPLY);
    answer6_status(&made, DHCP6_NOT_ON_LINK);
    talk6_feed(talk, &made);
    expect_refusal(talk, "fe80::5 answered, but with the status NotOnLink: our address isn't of "
                         "this link (2 times)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk6_test(an_answer_may_come_in_fragments),
        talk6_test(an_address_that_is_cut_off_makes_the_answer_void),
        talk6_test(a_status_that_is_cut_off_makes_the_answer_void),
        talk6_test(the_same_of_a_word_about_a_lease),
        talk6_test(parts_that_mean_nothing_are_left_out),
        talk6_test(a_malformed_option_costs_only_itself),
        talk6_test(a_cut_off_end_costs_only_itself),
        talk6_test(the_last_refusal_is_remembered_until_a_lease_is_taken),
        talk6_test(other_refusals_of_a_request_are_told),
        talk6_test(a_message_that_finds_no_buffer_is_counted_and_said_again),
        cmocka_unit_test(a_port_that_is_taken_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

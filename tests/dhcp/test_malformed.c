/* test_malformed.c -- missing and malformed parts of a server's answer. */
#include "dhcp_talk.h"

enum {
    OFFER = 2,
    ACK = 5,
    NAK = 6
};

static void test_threat_P1_options_that_overrun_or_have_no_end(void **state)
{
    enum {
        TYPED = 240 + 3 /* its first option is its type */
    };
    struct talk *talk = *state;
    struct answer offer;
    uint64_t dropped = 0;

    talk_start(talk, NULL);
    offer = answer(talk, OFFER, 3600);
    for (uint32_t len = 0; len < offer.len; len++) { /* truncated at every byte */
        struct answer cut = answer(talk, OFFER, 3600);

        cut.len = len;
        if (len >= TYPED) {
            talk_taken_without(talk, &cut, 1, 0);
            continue;
        }
        talk_feed(talk, &cut);
        assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_format, ++dropped);
        assert_state(talk, "SELECTING");
    }
    offer = answer(talk, OFFER, 3600);
    offer.bytes[offer.len - 1] = 0; /* no end */
    talk_taken_without(talk, &offer, 1, 0);
    for (unsigned claimed = 1; claimed < 256; claimed++) {
        offer = answer(talk, OFFER, 3600);
        answer_option(&offer, 12, "", 0);
        offer.bytes[offer.len - 2] = (uint8_t)claimed; /* a length beyond the message */
        if (claimed > 1)
            talk_taken_without(talk, &offer, 1, 0);
    }
}

static void test_threat_P1_lengths_that_options_can_not_have(void **state)
{
    static const uint8_t many[12] = {10, 0, 0, 1};
    static const uint8_t lists[] = {3, 6, 42};
    static const uint8_t numbers[] = {58, 59};
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < sizeof lists; i++) {
        for (uint32_t len = 0; len < sizeof many; len++) {
            if (len == 0 || len % 4)
                talk_left_out(talk, lists[i], many, len);
        }
    }
    for (uint32_t len = 0; len < sizeof many; len++) {
        for (unsigned i = 0; i < sizeof numbers && len != 4; i++)
            talk_left_out(talk, numbers[i], many, len);
        if (len != 2)
            talk_left_out(talk, 26, many, len);
    }
    talk_left_out(talk, 1, many, 4);  /* a second piece of the mask: eight bytes */
    talk_left_out(talk, 54, many, 4); /* the same for the server identifier, and for the lease
                                       * time */
    talk_left_out(talk, 51, many, 4);
}

static void test_threat_P1_search_lists_that_loop_or_overrun(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t len;
    } lists[] = {
        {"\xc0\x00", 2}, /* to itself */
        {"\x01"
         "a\xc0\x00",
         4}, /* into a loop */
        {"\x01"
         "a\xc0\x05\x00",
         5}, /* forward */
        {"\x01"
         "a\xc0",
         3}, /* half a pointer */
        {"\x05"
         "ab\x00",
         4}, /* a label beyond the end */
        {"\x40"
         "a\x00",
         3}, /* no such label */
        {"\x01"
         "a",
         2}, /* no end */
        {"\x03"
         "a b\x00",
         5},         /* not a letter of a name */
        {"\x00", 1}, /* the root */
    };
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        talk_left_out(talk, 119, lists[i].bytes, lists[i].len);
}

/* Removes an option from the message. */
static void without(struct answer *made, uint8_t code)
{
    uint32_t at = 240, bytes;

    while (made->bytes[at] != code) {
        assert_true(made->bytes[at] != 255);
        at += 2u + made->bytes[at + 1];
    }
    bytes = 2u + made->bytes[at + 1];
    memmove(made->bytes + at, made->bytes + at + bytes, made->len - at - bytes);
    made->len -= bytes;
}

static void bind_without(struct talk *talk, uint8_t of_offer, uint8_t of_ack)
{
    struct answer made;

    talk_start(talk, NULL);
    made = answer(talk, OFFER, 3600);
    if (of_offer)
        without(&made, of_offer);
    talk_feed(talk, &made);
    assert_state(talk, "REQUESTING");
    assert_int_equal(talk_heard(talk, 3)->server, IP_SERVER);
    made = answer(talk, ACK, 3600);
    if (of_ack)
        without(&made, of_ack);
    talk_feed(talk, &made);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    assert_int_equal(leat_ip_v4_number(talk->lease.server), IP_SERVER);
    assert_int_equal(talk->lease.ignored_parts, 0);
    assert_int_equal(talk->lease.lease_s, 3600);
}

/* udhcpc, too, assumes an hour then. */
static void a_server_that_says_no_lease_time_gives_an_hour(void **state)
{
    bind_without(*state, 51, 51);
}

/* The server is the OFFER's sender. */
static void a_server_that_does_not_name_itself_is_where_its_offer_came_from(void **state)
{
    struct talk *talk = *state;

    bind_without(talk, 54, 54);
    talk_mark(talk);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    world_wait(talk->world, second);
    assert_int_equal(talk_heard(talk, 3)->dst, IP_SERVER);
}

static void an_ack_need_not_name_its_server(void **state)
{
    bind_without(*state, 0, 54);
}

/* A NAK ends our lease, so it must name its server (RFC 2131 table 3). */
static void a_nak_without_a_server_ends_nothing(void **state)
{
    struct talk *talk = *state;
    struct answer nak;

    talk_to_requesting(talk, 3600);
    nak = answer(talk, NAK, 0);
    without(&nak, 54);
    talk_feed(talk, &nak);
    assert_state(talk, "REQUESTING");
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_server, 1);
}

static void assert_why(const struct talk *talk, const char *expected)
{
    char text[LEAT_REFUSAL_TEXT_BYTES];
    size_t len;

    len = leat_refusal_format(leat_dhcp_refusal(talk->dhcp), text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, expected);
}

/* A client that has refused all answers reports their sender and the reason. */
static void the_last_refusal_is_remembered_until_an_answer_is_taken(void **state)
{
    static const uint8_t other[4] = {10, 0, 0, 66};
    struct talk *talk = *state;
    struct answer made;

    talk_start(talk, NULL);
    assert_why(talk, "");
    made = answer(talk, OFFER, 5);
    talk_feed(talk, &made);
    assert_why(talk, "10.0.0.2 answered, but with a lease that is too short");
    made = answer(talk, OFFER, 3600);
    frame_put32(made.bytes + 16, IP4(127, 0, 0, 1));
    talk_feed(talk, &made);
    assert_why(talk, "10.0.0.2 answered, but with an address that no host can have (2 times)");
    frame_put32(made.bytes + 16, IP4(10, 0, 0, 255));
    talk_feed(talk, &made);
    assert_int_equal(leat_dhcp_refusal(talk->dhcp)->count, 3);
    made.bytes[28] ^= 1; /* another client's answer is no refusal */
    talk_feed(talk, &made);
    assert_int_equal(leat_dhcp_refusal(talk->dhcp)->count, 3);
    made = answer(talk, OFFER, 3600);
    without(&made, 53);
    talk_feed(talk, &made);
    assert_why(talk, "10.0.0.2 answered, but without a message type (option 53) (4 times)");
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    made = answer(talk, ACK, 3600);
    answer_change(&made, 54, other, 4);
    talk_feed(talk, &made);
    assert_why(talk,
               "10.0.0.2 answered, but as another server than the one that was chosen (5 times)");
    made = answer(talk, ACK, 3600);
    talk_feed(talk, &made);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    assert_why(talk, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(test_threat_P1_options_that_overrun_or_have_no_end),
        talk_test(test_threat_P1_lengths_that_options_can_not_have),
        talk_test(test_threat_P1_search_lists_that_loop_or_overrun),
        talk_test(a_server_that_says_no_lease_time_gives_an_hour),
        talk_test(a_server_that_does_not_name_itself_is_where_its_offer_came_from),
        talk_test(an_ack_need_not_name_its_server),
        talk_test(a_nak_without_a_server_ends_nothing),
        talk_test(the_last_refusal_is_remembered_until_an_answer_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

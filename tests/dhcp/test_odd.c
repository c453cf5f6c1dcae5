/* test_odd.c -- rare cases: fragmented messages, impossible names and routes, the program's
 * own identifier, a stack without room for the address. */
#include "dhcp_talk.h"

#include <stdio.h>

enum {
    OFFER = 2,
    ACK = 5
};

/* Feeds an answer cut in two (RFC 791 3.2). */
static void feed_in_fragments(struct talk *talk, const struct answer *made)
{
    const struct frame whole =
        frame_udp(made->src, made->src_port, made->dst, 68, made->bytes, made->len);
    const uint32_t total = whole.len - FRAME_L4;

    for (unsigned i = 0; i < 2; i++) {
        const uint32_t at = i == 0 ? 0 : 160;
        struct frame frame = frame_fragment(17, 77, at, i == 0, whole.bytes + FRAME_L4 + at,
                                            i == 0 ? 160 : total - 160);

        frame_put32(frame.bytes + FRAME_IP + 12, made->src);
        frame_put32(frame.bytes + FRAME_IP + 16, made->dst);
        frame_seal_ip(&frame);
        fake_netif_feed(&talk->world->dev, frame.bytes, frame.len);
        world_poll(talk->world);
    }
    world_poll(talk->world);
}

static void an_answer_may_come_in_fragments(void **state)
{
    struct talk *talk = *state;
    struct answer ack;

    talk_to_bound(talk, 3600);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    talk_mark(talk);
    ack = answer(talk, ACK, 7200);
    ack.dst = IP_GRANTED;
    feed_in_fragments(talk, &ack);
    assert_state(talk, "BOUND");
    assert_true(talk_was_told(talk, LEAT_DHCP_RENEWED));
    assert_int_equal(talk->lease.lease_s, 7200);
}

/* RFC 2131 4.3: a server sends OFFER, ACK or NAK. */
static void messages_that_no_server_sends_are_dropped(void **state)
{
    struct talk *talk = *state;
    struct answer inform;

    talk_start(talk, NULL);
    inform = answer(talk, 8, 3600);
    talk_feed(talk, &inform);
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_format, 1);
    assert_state(talk, "SELECTING");
}

static void the_program_may_set_the_client_identifier(void **state)
{
    static const uint8_t id[] = "\0printer";
    struct talk *talk = *state;
    const uint8_t *said;

    talk->config.client_id = id;
    talk->config.client_id_bytes = 8;
    talk_begin(talk);
    talk_start(talk, NULL);
    said = heard_option(talk_heard(talk, 1), 61);
    assert_non_null(said);
    assert_int_equal(said[0], 8);
    assert_memory_equal(said + 1, id, 8);
}

/* RFC 4361 6.1: all netifs have one DUID, which DHCPv6 shares, and an IAID each. */
static void a_host_has_one_duid(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;
    uint8_t id[DHCP_CLIENT_ID_MAX];

    world_init(world);
    world_attach_second(world);
    assert_int_equal(leat_dhcp_open(world->stack, &world->second.netif, &talk->dhcp, &talk->config),
                     LEAT_OK);
    assert_int_equal(dhcp_client_id(talk->dhcp, id), 15);
    assert_memory_equal(id + 1, world->second.netif.mac.octet + 2, 4);
    assert_memory_equal(id + 5, "\0\3\0\1", 4);
    assert_memory_equal(id + 9, world->dev.netif.mac.octet, 6);
}

/* RFC 6842 3: a server repeats our identifier, or sends none; an answer with another one is
 * not for us. */
static void another_client_s_identifier_is_not_ours(void **state)
{
    struct talk *talk = *state;
    uint8_t ours[15];
    struct answer offer;

    talk_start(talk, NULL);
    memcpy(ours, heard_option(talk_heard(talk, 1), 61) + 1, sizeof ours);
    assert_int_equal(ours[0], 255); /* RFC 4361 6.1: an IAID and a DUID follow */
    for (unsigned i = 0; i < 3; i++) {
        uint8_t said[100] = {0};

        memcpy(said, ours, sizeof ours);
        said[14] ^= i == 0;
        offer = answer(talk, OFFER, 3600);
        answer_option(&offer, 61, said, i == 0 ? sizeof ours : i == 1 ? 14 : sizeof said);
        talk_feed(talk, &offer);
        assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_foreign, i + 1);
        assert_state(talk, "SELECTING");
    }
    offer = answer(talk, OFFER, 3600);
    answer_option(&offer, 61, ours, sizeof ours);
    talk_feed(talk, &offer);
    assert_state(talk, "REQUESTING");
}

/* RFC 3396: the list continues in a second option. RFC 3397: a name that doesn't fit
 * completely is left out. */
static void a_search_list_that_is_too_long_is_cut_between_names(void **state)
{
    struct talk *talk = *state;
    char names[3 * 102], text[300];
    struct answer ack;

    for (unsigned i = 0; i < 3; i++) {
        char *name = names + i * 102;

        memset(name, 'a' + (char)i, 102);
        name[0] = 63;
        name[64] = 36;
        name[101] = 0;
    }
    snprintf(text, sizeof text, "%.63s.%.36s %.63s.%.36s", names + 1, names + 65, names + 103,
             names + 167);
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 119, names, 250);
    answer_option(&ack, 119, names + 250, sizeof names - 250);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_string_equal(talk->lease.search, text);
}

/* RFC 1035 4.1.4: a pointer has 14 bits; a list of many short names is longer than 256 bytes. */
static void a_pointer_of_a_search_list_may_lead_beyond_its_first_256_bytes(void **state)
{
    enum {
        NAMES = 90, /* "a", of three bytes */
        ABOVE = 3 * NAMES
    };
    struct talk *talk = *state;
    uint8_t list[ABOVE + 8];
    char text[LEAT_DHCP_NAME_BYTES] = "";
    struct answer ack;

    for (unsigned i = 0; i < NAMES; i++) {
        memcpy(list + 3 * i, "\1a", 3);
        strcat(text, "a ");
    }
    memcpy(list + ABOVE, "\2bb", 4);
    memcpy(list + ABOVE + 4, "\1c\xc1", 3);
    list[ABOVE + 7] = ABOVE - 256;
    strcat(text, "bb c.bb");
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 119, list, 250);
    answer_option(&ack, 119, list + 250, sizeof list - 250);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_string_equal(talk->lease.search, text);
}

/* A network with bits after its prefix, or of another class; gateways that are no hosts, or
 * our own address. */
static void routes_that_can_not_be_are_left_out(void **state)
{
    static const uint8_t routes[] = {9,  10,  255, 10, 0,   0, 1,    /* bits after the prefix */
                                     8,  127, 10,  0,  0,   1,       /* a loopback network */
                                     24, 192, 0,   2,  127, 0, 0, 1, /* gateways */
                                     24, 192, 0,   2,  10,  0, 0, 50, 24, 192, 0, 2, 10, 0, 0, 255};
    struct talk *talk = *state;
    struct answer ack;

    talk->config.routes = true;
    talk_begin(talk);
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 121, routes, sizeof routes);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->lease.route_count, 0);
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->ignored_parts, 5);
}

/* RFC 8925 3.4: V6ONLY_WAIT is 300 seconds at least */
static void a_short_wait_without_ipv4_is_made_longer(void **state)
{
    struct talk *talk = *state;
    struct answer offer;

    talk->config.ipv6_only = true;
    talk_begin(talk);
    talk_start(talk, NULL);
    offer = answer(talk, OFFER, 3600);
    answer_option32(&offer, 108, 1);
    talk_feed(talk, &offer);
    talk_listen(talk);
    talk_mark(talk);
    world_wait(talk->world, 299 * second);
    assert_false(talk_listen(talk));
    world_wait(talk->world, 12 * second);
    talk_heard(talk, 1);
}

static void a_stack_without_room_for_the_address_says_so(void **state)
{
    struct talk *talk = *state;
    struct answer ack;
    uint8_t i = 0;

    talk_to_requesting(talk, 3600);
    while (leat_address_add(talk->world->stack, &talk->world->dev.netif, LEAT_IP4(10, 9, i, 1),
                            24) == LEAT_OK)
        i++;
    ack = answer(talk, ACK, 3600);
    talk_feed(talk, &ack);
    assert_false(talk_was_told(talk, LEAT_DHCP_BOUND));
    assert_true(talk_was_told(talk, LEAT_DHCP_DECLINED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(an_answer_may_come_in_fragments),
        talk_test(messages_that_no_server_sends_are_dropped),
        talk_test_later(the_program_may_set_the_client_identifier),
        talk_test_later(a_host_has_one_duid),
        talk_test(another_client_s_identifier_is_not_ours),
        talk_test(a_search_list_that_is_too_long_is_cut_between_names),
        talk_test(a_pointer_of_a_search_list_may_lead_beyond_its_first_256_bytes),
        talk_test_later(routes_that_can_not_be_are_left_out),
        talk_test_later(a_short_wait_without_ipv4_is_made_longer),
        talk_test(a_stack_without_room_for_the_address_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

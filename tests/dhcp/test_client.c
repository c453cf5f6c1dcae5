/* test_client.c -- the client beside its transitions: times, addresses and contents of messages. */
#include "dhcp_talk.h"

enum {
    DISCOVER = 1,
    OFFER = 2,
    REQUEST = 3,
    DECLINE = 4,
    ACK = 5,
    RELEASE = 7
};

static void discover_is_repeated_ever_more_seldom(void **state)
{
    struct talk *talk = *state;
    uint64_t wait_ns = 2 * second, begun_ns, last_ns;
    uint32_t xid;

    talk_start(talk, NULL);
    xid = talk_heard(talk, DISCOVER)->xid;
    begun_ns = last_ns = talk->world->now_ns;
    for (unsigned i = 1; i < 300; i++) {
        talk_wait_until(talk, talk->dhcp->rexmt_ns);
        assert_int_equal(talk_heard(talk, DISCOVER)->xid, xid);
        assert_true(talk->world->now_ns - last_ns >= wait_ns - wait_ns / 4);
        assert_true(talk->world->now_ns - last_ns <= wait_ns + wait_ns / 4 + ms);
        last_ns = talk->world->now_ns;
        assert_int_equal(talk->heard.flags, i >= 2 ? 0x8000 : 0); /* the server may need it */
        assert_int_equal(talk->heard.secs, (last_ns - begun_ns) / second);
        if (wait_ns < 64 * second)
            wait_ns *= 2;
        talk->news_count = 0;
    }
}

static void request_names_server_and_address_with_the_xid_of_the_offer(void **state)
{
    struct talk *talk = *state;
    uint32_t xid;

    talk_to_requesting(talk, 3600);
    xid = talk->dhcp->xid;
    for (unsigned i = 0; i < 3; i++) {
        talk_wait_until(talk, talk->dhcp->rexmt_ns);
        talk_heard(talk, REQUEST);
        assert_int_equal(talk->heard.xid, xid);
        assert_int_equal(talk->heard.requested, IP_GRANTED);
        assert_int_equal(talk->heard.server, IP_SERVER);
    }
}

static void answers_may_come_to_the_address_that_is_not_ours_yet(void **state)
{
    struct talk *talk = *state;
    struct answer made;

    talk_start(talk, NULL);
    made = answer(talk, OFFER, 3600);
    made.dst = IP_GRANTED;
    talk_feed(talk, &made);
    assert_state(talk, "REQUESTING");
    made = answer(talk, ACK, 3600);
    made.dst = IP_GRANTED;
    talk_feed(talk, &made);
    assert_state(talk, "BOUND");
}

static void nothing_else_comes_to_it(void **state)
{
    struct talk *talk = *state;
    struct frame frame = frame_udp(IP_SERVER, 67, IP_GRANTED, 69, "x", 1);

    talk_start(talk, NULL);
    world_feed(talk->world, &frame);
    assert_dropped(talk->world, drop_ip_not_ours);
    frame = frame_udp(IP_SERVER, 67, IP4(224, 0, 0, 9), 68, "x", 1);
    world_feed(talk->world, &frame);
    assert_dropped(talk->world, drop_ip_not_ours);
    frame = frame_fragment(17, 1, 0, true, "\0\x43\0\x44\0\x10\0\0aaaaaaaa", 16);
    frame_put32(frame.bytes + FRAME_IP + 16, IP_GRANTED);
    frame_seal_ip(&frame);
    world_feed(talk->world, &frame);
    assert_dropped(talk->world, drop_ip_not_ours);
}

static void lease_is_counted_from_its_request(void **state)
{
    struct talk *talk = *state;
    struct answer ack;
    uint64_t asked_ns;

    talk_to_requesting(talk, 100);
    asked_ns = talk->world->now_ns;
    world_wait(talk->world, 9 * second); /* and is asked twice more */
    ack = answer(talk, ACK, 100);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_true(leat_dhcp_expires_ns(talk->dhcp) <= asked_ns + 100 * second);
    assert_true(leat_dhcp_expires_ns(talk->dhcp) > asked_ns + 99 * second);
    talk_mark(talk);
    world_wait(talk->world, 92 * second);
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif)),
                     IP4_ANY);
    assert_true(talk_was_told(talk, LEAT_DHCP_EXPIRED));
}

static void renewal_begins_at_T1_and_rebinding_at_T2(void **state)
{
    struct talk *talk = *state;
    uint64_t bound_ns;

    talk_to_bound(talk, 36000);
    bound_ns = talk->world->now_ns;
    talk_mark(talk);
    world_wait(talk->world, 15000 * second); /* T1 is an eighth earlier at most */
    assert_false(talk_listen(talk));
    talk_wait_until(talk, talk->dhcp->t1_ns);
    assert_true(talk->world->now_ns <= bound_ns + 18000 * second + ms);
    world_wait(talk->world, ms);
    assert_int_equal(talk_heard(talk, REQUEST)->dst, IP_SERVER);
    /* half of the rest each time, down to a minute: 13,500 s give at most eight */
    talk_mark(talk);
    talk_wait_until(talk, talk->dhcp->t2_ns);
    talk_listen(talk);
    assert_true(talk->heard_count >= 6 && talk->heard_count <= 10);
    assert_int_equal(talk->heard.dst, IP4_BROADCAST);
    assert_int_equal(talk->heard.src, IP_GRANTED);
    assert_true(talk->world->now_ns >= bound_ns + 31499 * second);
    assert_state(talk, "REBINDING");
}

static void a_kept_address_is_asked_for_first(void **state)
{
    struct talk *talk = *state;
    uint8_t kept[LEAT_DHCP_KEPT_BYTES];
    struct answer ack;

    talk_to_bound(talk, 3600);
    leat_dhcp_keep(leat_dhcp_lease(talk->dhcp), kept);
    leat_dhcp_stop(talk->dhcp);
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif)),
                     IP4_ANY);
    talk_start(talk, kept);
    talk_heard(talk, REQUEST);
    assert_int_equal(talk->heard.requested, IP_GRANTED);
    assert_int_equal(talk->heard.server, IP4_ANY);
    ack = answer(talk, ACK, 3600);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
}

/* RFC 2131 table 1, table 5: seconds since this attempt began; 0 in messages without an answer. */
static void secs_are_those_of_the_attempt(void **state)
{
    struct talk *talk = *state;
    uint8_t kept[LEAT_DHCP_KEPT_BYTES];
    uint64_t begun_ns;
    uint32_t xid;

    talk_to_bound(talk, 3600);
    leat_dhcp_keep(leat_dhcp_lease(talk->dhcp), kept);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    assert_in_range(talk_heard(talk, REQUEST)->secs, 300, 1000);
    xid = talk->heard.xid;
    leat_dhcp_release(talk->dhcp);
    world_poll(talk->world);
    assert_int_equal(talk_heard(talk, RELEASE)->secs, 0);
    assert_int_not_equal(talk->heard.xid, xid);
    begun_ns = talk->world->now_ns;
    talk_start(talk, kept);
    assert_int_equal(talk_heard(talk, REQUEST)->secs, 0);
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    assert_int_equal(talk_heard(talk, REQUEST)->secs, (talk->world->now_ns - begun_ns) / second);
}

static void a_foreign_record_is_no_address(void **state)
{
    struct talk *talk = *state;
    const struct leat_dhcp_lease lease = {.ip = leat_ip_v4(IP_GRANTED),
                                          .server = leat_ip_v4(IP_SERVER)};
    uint8_t kept[LEAT_DHCP_KEPT_BYTES];

    for (unsigned bit = 0; bit < 8 * sizeof kept; bit++) {
        leat_dhcp_keep(&lease, kept);
        kept[bit / 8] ^= (uint8_t)(1u << bit % 8);
        talk_start(talk, kept);
        talk_heard(talk, DISCOVER);
        leat_dhcp_stop(talk->dhcp);
    }
}

static void an_address_in_use_is_declined_and_another_one_asked_for_later(void **state)
{
    struct talk *talk = *state;
    uint64_t declined_ns;
    uint32_t xid;

    talk_to_bound(talk, 3600);
    talk_mark(talk);
    xid = talk->dhcp->xid;
    talk_claim(talk, IP_GRANTED);
    assert_int_equal(talk_heard(talk, DECLINE)->requested, IP_GRANTED);
    assert_int_not_equal(talk->heard.xid, xid); /* RFC 2131 4.4.1: a new exchange */
    assert_true(talk_was_told(talk, LEAT_DHCP_DECLINED));
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, &talk->world->dev.netif)),
                     IP4_ANY);
    declined_ns = talk->world->now_ns;
    talk_wait_until(talk, talk->dhcp->wait_ns);
    assert_true(talk->world->now_ns - declined_ns >= 10 * second);
    talk_heard(talk, DISCOVER);
}

static void an_old_address_is_defended_and_kept(void **state)
{
    struct talk *talk = *state;

    talk_to_bound(talk, 3600);
    world_wait(talk->world, 3 * second);
    talk_mark(talk);
    talk_claim(talk, IP_GRANTED);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->world->conflicts, 1);
    assert_grown(talk->world, arp_requests_sent, 1);
}

/* The ARP packets sent: probes for the address, and announcements of it. */
static void count_arp(struct talk *talk, unsigned *probes, unsigned *announcements)
{
    const struct fake_frame *frame;

    *probes = *announcements = 0;
    while ((frame = fake_netif_sent(&talk->world->dev))) {
        if (frame_get16(frame->bytes + 12) != 0x0806 ||
            frame_get32(frame->bytes + 38) != IP_GRANTED)
            continue;
        if (frame_get32(frame->bytes + 28) == 0)
            (*probes)++;
        else
            (*announcements)++;
    }
}

static void by_default_one_probe_goes_beside_the_use(void **state)
{
    struct talk *talk = *state;
    unsigned probes, announcements;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    world_wait(talk->world, 5 * second);
    count_arp(talk, &probes, &announcements);
    assert_int_equal(probes, 1);
    assert_int_equal(announcements, 2);
}

static void if_asked_for_probes_come_first(void **state)
{
    struct talk *talk = *state;
    unsigned probes, announcements;
    struct answer ack;
    uint64_t acked_ns;

    talk->config.check = LEAT_DHCP_CHECK_FIRST;
    talk_begin(talk);
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    talk_feed(talk, &ack);
    acked_ns = talk->world->now_ns;
    assert_state(talk, "CHECKING");
    while (talk->news_count == 0)
        talk_wait_until(talk, talk->world->now_ns + second / 10);
    assert_true(talk->world->now_ns - acked_ns >= 4 * second);
    assert_true(talk->world->now_ns - acked_ns <= 8 * second);
    count_arp(talk, &probes, &announcements);
    assert_int_equal(probes, 3);
}

static void options_in_pieces_and_in_all_fields_are_put_together(void **state)
{
    struct talk *talk = *state;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    /* RFC 3397: three pieces, the second in the file field, the third in sname, split within
     * a label */
    answer_option(&ack, 119, "\3eng\5app", 8);
    answer_option(&ack, 52, "\3", 1);
    memcpy(ack.bytes + 108,
           "\x77\x07"
           "le\3com\0"
           "\xff",
           10);
    memcpy(ack.bytes + 44,
           "\x77\x0c"
           "\x09"
           "marketing"
           "\xc0\x04"
           "\xff",
           15);
    answer_option(&ack, 6, "\x09\x09\x09\x09", 4);
    answer_option(&ack, 6, "\x01\x01\x01\x01", 4);
    answer_option(&ack, 15, "example.com\0", 12);
    answer_option(&ack, 26, "\x05\x78", 2);
    answer_option(&ack, 42, "\x0a\x00\x00\x09", 4);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_string_equal(talk->lease.search, "eng.apple.com marketing.apple.com");
    assert_int_equal(talk->lease.name_server_count, 2);
    assert_int_equal(leat_ip_v4_number(talk->lease.name_servers[1]), IP4(1, 1, 1, 1));
    assert_string_equal(talk->lease.domain_name, "example.com");
    assert_int_equal(talk->lease.mtu, 1400);
    assert_int_equal(leat_ip_v4_number(talk->lease.ntp_servers[0]), IP4(10, 0, 0, 9));
}

static void names_that_would_spoil_a_log_are_left_out(void **state)
{
    struct talk *talk = *state;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 12, "a\nb", 3);
    answer_option(&ack, 15, "x$(y)", 5);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_string_equal(talk->lease.host_name, "");
    assert_string_equal(talk->lease.domain_name, "");
}

/* RFC 2132 8.4, 9.13 */
static void vendor_options_are_passed_to_the_program(void **state)
{
    struct talk *talk = *state;
    uint8_t parts[200];
    struct answer ack;

    talk->config.vendor_class = "leat test";
    talk_begin(talk);
    talk_to_requesting(talk, 3600);
    assert_non_null(memchr(heard_option(&talk->heard, 55), 43, heard_option(&talk->heard, 55)[-1]));
    ack = answer(talk, ACK, 3600);
    memset(parts, 7, sizeof parts);
    answer_option(&ack, 43, "\1\2ab", 4);
    answer_option(&ack, 43, parts, 100); /* RFC 3396: concatenated to one option */
    talk_feed(talk, &ack);
    assert_int_equal(talk->lease.vendor_bytes, 104);
    assert_memory_equal(talk->lease.vendor, "\1\2ab\7", 5);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 43, parts, 200);
    answer_option(&ack, 43, parts, 56); /* more than there is room for */
    talk_feed(talk, &ack);
    assert_int_equal(talk->lease.vendor_bytes, 0);
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->ignored_parts, 1);
}

static void a_vendor_that_we_did_not_name_says_nothing(void **state)
{
    struct talk *talk = *state;
    struct answer ack;

    talk_to_requesting(talk, 3600);
    assert_null(memchr(heard_option(&talk->heard, 55), 43, heard_option(&talk->heard, 55)[-1]));
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 43, "\1\2ab", 4);
    talk_feed(talk, &ack);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->lease.vendor_bytes, 0);
}

static void without_memory_the_next_try_helps(void **state)
{
    struct talk *talk = *state;
    struct leat_buf *bufs[2048];
    unsigned count = 0;

    while ((bufs[count] = leat_buf_alloc(leat_pool(talk->world->stack), 0)))
        count++;
    talk_start(talk, NULL);
    assert_false(talk_listen(talk));
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->unsent, 1);
    while (count > 0)
        leat_buf_free(bufs[--count]);
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    talk_heard(talk, DISCOVER);
}

static void wrong_configurations_are_refused(void **state)
{
    static const char long_name[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct talk *talk = *state;
    struct leat *stack = talk->world->stack;
    struct leat_netif *netif = &talk->world->dev.netif;
    struct leat_dhcp_config config = {.host_name = long_name};
    struct leat_dhcp *other;

    assert_int_equal(leat_dhcp_open(stack, netif, &other, &config), LEAT_ERR_ARGUMENT);
    config = (struct leat_dhcp_config){.client_id = (const uint8_t *)"x", .client_id_bytes = 1};
    assert_int_equal(leat_dhcp_open(stack, netif, &other, &config), LEAT_ERR_ARGUMENT);
    config = (struct leat_dhcp_config){0};
    assert_int_equal(leat_dhcp_open(stack, &talk->world->second.netif, &other, &config),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_dhcp_open(stack, netif, &other, &config), LEAT_ERR_IN_USE);
    talk_start(talk, NULL);
    assert_int_equal(leat_dhcp_start(talk->dhcp, NULL), LEAT_ERR_IN_USE);
    assert_int_equal(leat_dhcp_inform(talk->dhcp, leat_ip_v4(IP_US)), LEAT_ERR_IN_USE);
    leat_dhcp_stop(talk->dhcp);
    assert_int_equal(leat_dhcp_inform(talk->dhcp, leat_ip_v4(IP_US)), LEAT_ERR_ARGUMENT);
}

/* An idle machine sleeps until a frame comes. */
static void an_idle_client_sets_no_timer(void **state)
{
    struct talk *talk = *state;

    talk_to_bound(talk, 1000);
    assert_true(leat_timer_is_set(&talk->dhcp->timer));
    leat_dhcp_stop(talk->dhcp);
    assert_false(leat_timer_is_set(&talk->dhcp->timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(discover_is_repeated_ever_more_seldom),
        talk_test(request_names_server_and_address_with_the_xid_of_the_offer),
        talk_test(answers_may_come_to_the_address_that_is_not_ours_yet),
        talk_test(nothing_else_comes_to_it),
        talk_test(lease_is_counted_from_its_request),
        talk_test(renewal_begins_at_T1_and_rebinding_at_T2),
        talk_test(a_kept_address_is_asked_for_first),
        talk_test(secs_are_those_of_the_attempt),
        talk_test(a_foreign_record_is_no_address),
        talk_test(an_address_in_use_is_declined_and_another_one_asked_for_later),
        talk_test(an_old_address_is_defended_and_kept),
        talk_test(by_default_one_probe_goes_beside_the_use),
        talk_test_later(if_asked_for_probes_come_first),
        talk_test(options_in_pieces_and_in_all_fields_are_put_together),
        talk_test(names_that_would_spoil_a_log_are_left_out),
        talk_test_later(vendor_options_are_passed_to_the_program),
        talk_test(a_vendor_that_we_did_not_name_says_nothing),
        talk_test(without_memory_the_next_try_helps),
        talk_test(wrong_configurations_are_refused),
        talk_test(an_idle_client_sets_no_timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

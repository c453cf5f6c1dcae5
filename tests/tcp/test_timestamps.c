/* test_timestamps.c -- timestamps and PAWS (RFC 7323). */
#include "talk.h"

static uint32_t tsval_of(const struct talk *talk)
{
    assert_non_null(talk_option(talk, 8));
    return frame_get32(talk_option(talk, 8) + 2);
}

static uint32_t tsecr_of(const struct talk *talk)
{
    assert_non_null(talk_option(talk, 8));
    return frame_get32(talk_option(talk, 8) + 6);
}

/* The peer's next segments carry this timestamp. */
static void stamp(struct talk *talk, uint32_t tsval)
{
    talk_extra_none(talk);
    talk_extra_ts(talk, tsval, 0);
}

/* ESTABLISHED; the peer's clock is at @tsval. */
static void establish(struct talk *talk, uint32_t tsval)
{
    talk_offer(talk, tsval);
    stamp(talk, tsval);
    talk_establish(talk);
}

/* ---- the handshake ------------------------------------------------------------------------ */

/* RFC 7323 4.3 (2): the timestamp is echoed, although the segment is dropped. */
static void ACK_that_finds_no_room_for_a_connection_leaves_its_timestamp(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.connections = 1;
    talk->hold_on_accept = true;
    talk_begin(talk);
    talk_listen(talk);
    talk_offer(talk, 100);
    rx(talk, SYN, 0, 0, 0); /* takes the only connection */
    tx(talk, SYN | ACK, 0, 1, 0);
    stamp(talk, 101);
    rx(talk, ACK, 1, 1, 0);
    talk->port_peer++;
    talk_offer(talk, 100);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(tsecr_of(talk), 100);
    stamp(talk, 200);
    rx(talk, ACK, 1, 1, 0);
    assert_dropped(talk->world, drop_tcp_memory);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(tsecr_of(talk), 200);
    talk_extra_none(talk);
    leat_tcp_listener_close(talk->listener);
}

/* RFC 7323 3.2 */
static void offer_of_the_peer_is_accepted_and_echoed(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 12345);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(tsecr_of(talk), 12345);
}

static void our_SYN_offers_them(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    tsval_of(talk);
    assert_int_equal(tsecr_of(talk), 0);
    talk_offer(talk, 777);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(tsecr_of(talk), 777);
}

static void without_an_offer_there_are_none(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, MSS_PEER, 7);
    talk_establish(talk);
    assert_null(talk_option(talk, 8));
    talk_send(talk, 2000);
    tx(talk, ACK, 1, 1, MSS_PEER);
    assert_null(talk_option(talk, 8));
}

static void configuration_may_refuse_them(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.no_timestamps = true;
    talk_begin(talk);
    talk_offer(talk, 1);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_null(talk_option(talk, 8));
}

/* RFC 7323 7.1: timestamps reveal neither our clock nor the offset of another connection */
static void clock_differs_per_connection(void **state)
{
    struct talk *talk = *state;
    uint32_t first, seen = 0;

    talk_offer(talk, 1);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    first = tsval_of(talk);
    for (uint16_t port = 5000; port < 5010; port++) {
        talk->port_peer = port;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        seen += tsval_of(talk) - first > 100000 && first - tsval_of(talk) > 100000;
    }
    assert_true(seen >= 9);
}

/* ---- every segment ------------------------------------------------------------------------ */

/* RFC 7323 3.2, RFC 6691 3: an MSS doesn't count options */
static void all_data_has_them_and_less_room(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    establish(talk, 100);
    talk_send(talk, 2 * (MSS_PEER - 12));
    tx(talk, ACK, 1, 1, MSS_PEER - 12);
    tsval = tsval_of(talk);
    tx(talk, ACK, 1 + MSS_PEER - 12, 1, MSS_PEER - 12);
    assert_int_equal(tsval_of(talk), tsval);
    assert_int_equal(talk_info(talk).mss_bytes, MSS_PEER - 12);
    rx(talk, ACK, 1, 1 + 2 * (MSS_PEER - 12), 0);
    talk_wait(talk, 30 * ms);
    rx(talk, ACK, 5, 1 + 2 * (MSS_PEER - 12), 10);
    tx(talk, ACK, 1 + 2 * (MSS_PEER - 12), 1, 0);
    assert_int_equal(tsval_of(talk), tsval + 30); /* RFC 7323 5.4: 1 ms a tick */
}

/* RFC 7323 4.1: the echo says when the segment was sent, also for a retransmission */
static void echo_measures_the_round_trip_of_a_retransmission(void **state)
{
    struct talk *talk = *state;
    uint64_t srtt_ns;

    establish(talk, 100);
    srtt_ns = talk_info(talk).srtt_ns;
    talk_send(talk, 100);
    tx(talk, ACK, 1, 1, 100);
    talk_wait(talk, 205 * ms);
    tx(talk, ACK, 1, 1, 100);
    talk_wait(talk, 50 * ms);
    talk_extra_none(talk);
    talk_extra_ts(talk, 101, tsval_of(talk));
    rx(talk, ACK, 1, 101, 0);
    assert_true(talk_info(talk).srtt_ns > srtt_ns + 5 * ms);
    assert_true(talk_info(talk).srtt_ns < srtt_ns + 10 * ms);
}

/* ---- echo --------------------------------------------------------------------------------- */

/* RFC 7323 4.3 (A): of several segments the first one's timestamp is echoed */
static void delayed_ACK_echoes_the_first_segment(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 110);
    rx(talk, ACK, 1, 1, 10);
    stamp(talk, 120);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    assert_int_equal(tsecr_of(talk), 110);
    stamp(talk, 130);
    rx(talk, ACK, 21, 1, 10);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 31, 0);
    assert_int_equal(tsecr_of(talk), 130);
}

/* RFC 7323 4.3 (B), (C): a segment above a hole isn't echoed, the one that fills it is */
static void data_above_a_hole_is_not_echoed(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 110);
    rx(talk, ACK, 1, 1, 10);
    stamp(talk, 120);
    rx(talk, ACK, 21, 1, 10);
    tx(talk, ACK, 1, 11, 0);
    assert_int_equal(tsecr_of(talk), 110);
    stamp(talk, 130);
    rx(talk, ACK, 31, 1, 10);
    tx(talk, ACK, 1, 11, 0);
    assert_int_equal(tsecr_of(talk), 110);
    stamp(talk, 140);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 41, 0);
    assert_int_equal(tsecr_of(talk), 140);
}

/* ---- PAWS --------------------------------------------------------------------------------- */

/* RFC 7323 5.3 R1 */
static void old_duplicate_is_dropped_and_answered(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 200);
    rx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    stamp(talk, 199);
    rx(talk, ACK, 21, 1, 10);
    assert_ended(talk->world, drop_tcp_unacceptable);
    tx(talk, ACK, 1, 21, 0);
    talk_heard(talk, 20);
    stamp(talk, 200); /* not older */
    rx(talk, ACK, 21, 1, 10);
    talk_heard(talk, 30);
}

/* The same for a FIN, for which header prediction applies. */
static void old_FIN_is_dropped_and_answered(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 200);
    rx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    stamp(talk, 199);
    rx(talk, FIN | ACK, 21, 1, 0);
    assert_ended(talk->world, drop_tcp_unacceptable);
    tx(talk, ACK, 1, 21, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    stamp(talk, 200);
    rx(talk, FIN | ACK, 21, 1, 0);
    tx(talk, ACK, 1, 22, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
}

/* RFC 7323 4.3: the timestamp of a dropped segment is ignored, whether newer or older. Otherwise
 * one blind segment would make all segments of the peer old. */
static void time_of_a_dropped_segment_is_not_kept(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 100 + (1u << 30));
    rx(talk, ACK, 1, 1000, 10); /* an ACK of data that was never sent */
    assert_ended(talk->world, drop_tcp_unacceptable);
    world_mark(talk->world);
    stamp(talk, 101);
    rx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    assert_int_equal(frame_get32(talk_option(talk, 8) + 6), 101);
    talk_heard(talk, 20);
    stamp(talk, 50); /* old */
    rx(talk, ACK, 21, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    assert_int_equal(frame_get32(talk_option(talk, 8) + 6), 101);
}

/* RFC 7323 5.2: timestamps wrap */
static void timestamps_wrap(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0xfffffff0u);
    stamp(talk, 5);
    rx(talk, ACK, 1, 1, 10);
    talk_heard(talk, 10);
    stamp(talk, 0xfffffff8u);
    rx(talk, ACK, 11, 1, 10);
    talk_heard(talk, 10);
}

/* RFC 7323 5.5: after 24 days without a segment timestamps can't be compared */
static void after_24_idle_days_no_timestamp_is_old(void **state)
{
    struct talk *talk = *state;

    establish(talk, 1000);
    talk_wait(talk, 24 * 86400 * second - 10 * second);
    stamp(talk, 999);
    rx(talk, ACK, 1, 1, 10);
    assert_ended(talk->world, drop_tcp_unacceptable);
    talk_wait(talk, 20 * second);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 10);
    talk_heard(talk, 10);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 21, 0);
    assert_int_equal(tsecr_of(talk), 999); /* it is valid from now on */
    stamp(talk, 998);
    rx(talk, ACK, 21, 1, 10);
    talk_heard(talk, 20);
}

/* RFC 7323 3.2: once agreed, always */
static void segment_without_them_is_taken_and_counted(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    talk_extra_none(talk);
    rx(talk, ACK, 1, 1, 10);
    talk_heard(talk, 10);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timestamps_missing, 1);
}

/* RFC 7323 3.2, 5.2: a RST needs none, and its age does not matter */
static void RST_needs_none(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    talk_extra_none(talk);
    rx(talk, RST, 1, 0, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
}

static void RST_may_be_old(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100);
    stamp(talk, 50);
    rx(talk, RST, 1, 0, 0);
    assert_int_equal(talk->closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(time_of_a_dropped_segment_is_not_kept),
        talk_test(offer_of_the_peer_is_accepted_and_echoed),
        talk_test_later(ACK_that_finds_no_room_for_a_connection_leaves_its_timestamp),
        talk_test(our_SYN_offers_them),
        talk_test(without_an_offer_there_are_none),
        talk_test_later(configuration_may_refuse_them),
        talk_test(clock_differs_per_connection),
        talk_test(all_data_has_them_and_less_room),
        talk_test(echo_measures_the_round_trip_of_a_retransmission),
        talk_test(delayed_ACK_echoes_the_first_segment),
        talk_test(data_above_a_hole_is_not_echoed),
        talk_test(old_duplicate_is_dropped_and_answered),
        talk_test(old_FIN_is_dropped_and_answered),
        talk_test(timestamps_wrap),
        talk_test(after_24_idle_days_no_timestamp_is_old),
        talk_test(segment_without_them_is_taken_and_counted),
        talk_test(RST_needs_none),
        talk_test(RST_may_be_old),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

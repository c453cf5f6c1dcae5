/* test_bbr.c -- the choice of BBR, the pool of its models, and the events that reach it. */
#include "talk.h"
#include "needs.h"

#include "tcp/bbr/bbr.h"
#include "tcp/conn/transfer.h"
#include "tcp/tcp.h"

enum {
    MSS = 1000
};

static void establish(struct talk *talk, const struct leat_tcp_congestion *congestion,
                      uint32_t models)
{
    talk->world->tcp_config.congestion = congestion;
    talk->world->tcp_config.bbr_connections = models;
    talk_begin(talk);
    talk_establish_with(talk, MSS, NO_SHIFT);
}

static void assert_congestion(struct talk *talk, const char *name)
{
    assert_string_equal(talk_info(talk).congestion, name);
}

/* Ten segments are sent and acknowledged. */
static void send_ten(struct talk *talk)
{
    talk_send(talk, 10 * MSS);
    for (uint32_t i = 0; i < 10; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    quiet(talk);
    rx(talk, ACK, 1, 1 + 10 * MSS, 0);
}

static void the_stack_may_use_it_for_all(void **state)
{
    struct talk *talk = *state;

    establish(talk, &leat_tcp_bbr, 0);
    assert_congestion(talk, "bbr"); /* no model yet */
    send_ten(talk);
    assert_congestion(talk, "bbr");
    assert_true(talk_info(talk).cwnd_bytes >= 10 * MSS);
}

static void a_connection_may_use_it_alone(void **state)
{
    struct talk *talk = *state;

    establish(talk, &leat_tcp_cubic, 1);
    assert_congestion(talk, "cubic");
    leat_tcp_set_congestion(talk->conn, &leat_tcp_bbr);
    send_ten(talk);
    assert_congestion(talk, "bbr");
}

/* The only model is taken and given back, also with data in flight; the window stays. */
static void it_can_be_chosen_again_and_again(void **state)
{
    struct talk *talk = *state;
    uint32_t cwnd;

    establish(talk, &leat_tcp_newreno, 1);
    talk_send(talk, 10 * MSS);
    for (unsigned i = 0; i < 5; i++) {
        cwnd = talk_info(talk).cwnd_bytes;
        leat_tcp_set_congestion(talk->conn, &leat_tcp_bbr);
        leat_tcp_set_congestion(talk->conn, &leat_tcp_bbr);
        assert_congestion(talk, "bbr");
        leat_tcp_set_congestion(talk->conn, NULL);
        assert_congestion(talk, "newreno");
        assert_int_equal(talk_info(talk).cwnd_bytes, cwnd);
    }
    leat_tcp_set_congestion(talk->conn, &leat_tcp_bbr);
    for (uint32_t i = 0; i < 10; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    rx(talk, ACK, 1, 1 + 10 * MSS, 0);
    assert_congestion(talk, "bbr");
}

/* Two connections of one stack. A change of the algorithm keeps the window. */
static void connections_have_algorithms_of_their_own(void **state)
{
    static const struct leat_tcp_congestion *const all[] = {
        &leat_tcp_newreno, &leat_tcp_bbr, &leat_tcp_cubic, &leat_tcp_newreno, &leat_tcp_cubic};
    static const char *const names[] = {"newreno", "bbr", "cubic", "newreno", "cubic"};
    struct talk *talk = *state;
    struct leat_tcp_info before, after;

    establish(talk, NULL, 1);
    talk_send(talk, 10 * MSS);
    for (unsigned i = 0; i < 5; i++) {
        before = talk_info(talk);
        leat_tcp_set_congestion(talk->conn, all[i]);
        after = talk_info(talk);
        assert_string_equal(after.congestion, names[i]);
        assert_int_equal(after.cwnd_bytes, before.cwnd_bytes);
        if (i != 1) /* slow start continues, except after a model */
            assert_int_equal(after.ssthresh_bytes,
                             i == 2 ? before.cwnd_bytes : before.ssthresh_bytes);
    }
}

static void without_a_model_it_is_the_stacks_own(void **state)
{
    struct talk *talk = *state;

    establish(talk, &leat_tcp_cubic, 0);
    leat_tcp_set_congestion(talk->conn, &leat_tcp_bbr);
    send_ten(talk);
    assert_congestion(talk, "cubic");
}

/* Records with stamps need more memory. */
static void only_a_stack_with_models_pays_for_them(void **state)
{
    struct leat_tcp_config config = {.transfers = 100, .sent_segments = 1000};
    const size_t without = leat_tcp_memory_bytes(&config);

    (void)state;
    config.bbr_connections = 10;
    assert_in_range(leat_tcp_memory_bytes(&config) - without, 1000 * 40, 1000 * 40 + 10 * 640);
    config.bbr_connections = 1000; /* no more than there are transfers */
    assert_in_range(leat_tcp_memory_bytes(&config) - without, 1000 * 40, 1000 * 40 + 100 * 640);
}

/* ---- events ------------------------------------------------------------------------------- */

/* Bytes that the model of the connection has counted as lost. */
static uint64_t lost(const struct talk *talk)
{
    assert_non_null(talk->conn->transfer->congestion.bbr);
    return talk->conn->transfer->congestion.bbr->rate.lost;
}

/* The peer offers SACK and a window scale. */
static void establish_with_SACK(struct talk *talk)
{
    talk_offer(talk, 0);
    talk->world->tcp_config.congestion = &leat_tcp_bbr;
    talk_begin(talk);
    talk_establish(talk);
}

/* A tail loss probe sends the last segment again, because no ACK came (RFC 8985 7.3). BBR counts no
 * loss until an ACK shows that the first copy was lost. */
static void a_probe_of_the_tail_is_no_loss(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish_with_SACK(talk);
    talk_send(talk, MSS);
    tx(talk, ACK, 1, 1, MSS);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1, 1, MSS);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_tail_probes, 1);
    assert_int_equal(lost(talk), 0);
}

/* Data sent into a closed window isn't lost. */
static void a_probe_of_the_window_is_no_loss(void **state)
{
    struct talk *talk = *state;

    establish(talk, &leat_tcp_bbr, 0);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, MSS);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1, 1, 1);
    assert_int_equal(lost(talk), 0);
}

/* RFC 1191: segments that were too large are sent again, which says nothing about the rate. */
static void retransmission_for_a_narrower_path_is_no_loss(void **state)
{
    struct talk *talk = *state;

    establish_with_SACK(talk);
    talk_send(talk, 2 * MSS_PEER);
    tx(talk, ACK, 1, 1, MSS_PEER);
    tx(talk, ACK, 1 + MSS_PEER, 1, MSS_PEER);
    rx_icmp(talk, 3, 4, 1400);
    assert_true(talk_info(talk).mss_bytes < MSS_PEER);
    tx(talk, ACK, 1, 1, talk_info(talk).mss_bytes);
    assert_int_equal(lost(talk), 0);
    world_mark(talk->world);
}

/* The window stays open while a hole is repaired, so the program must go on writing, although
 * SND.UNA stands still. */
static void a_program_hears_of_room_while_a_hole_is_repaired(void **state)
{
    struct talk *talk = *state;
    uint32_t room;

    establish_with_SACK(talk);
    while ((room = leat_tcp_send_room(talk->conn)) > 0)
        talk_queue(talk, room < MSS_PEER ? room : MSS_PEER);
    for (unsigned i = 0; i < 1000 && talk->writable == 0; i++) {
        talk_wait(talk, ms);
        world_mark(talk->world);
        talk_extra_none(talk);
        talk_extra_sack(talk, 1 + MSS_PEER, talk_info(talk).snd_nxt - talk->iss);
        rx(talk, ACK, 1, 1, 0); /* the first segment is missing */
    }
    assert_int_equal(talk->writable, 1);
    assert_int_equal(talk_info(talk).snd_una - talk->iss, 1);
    assert_true(leat_tcp_send_room(talk->conn) > 0);
    world_mark(talk->world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(the_stack_may_use_it_for_all),
        talk_test_later(a_connection_may_use_it_alone),
        talk_test_later(it_can_be_chosen_again_and_again),
        talk_test_later(connections_have_algorithms_of_their_own),
        talk_test_later(without_a_model_it_is_the_stacks_own),
        talk_test_later(a_probe_of_the_tail_is_no_loss),
        talk_test_later(a_probe_of_the_window_is_no_loss),
        talk_test_later(retransmission_for_a_narrower_path_is_no_loss),
        talk_test_later(a_program_hears_of_room_while_a_hole_is_repaired),
        cmocka_unit_test(only_a_stack_with_models_pays_for_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

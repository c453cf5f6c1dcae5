/* test_recovery.c -- what is done about losses: RACK, RFC 6675 and NewReno, and taking it back. */
#include "unit.h"

#include "tcp/recovery.h"
#include "tcp/seq.h"

enum {
    MSS = 1000,
    RECORDS = 200,
    WINDOW = 20 /* segments: cwnd at the begin */
};

static const uint64_t ms = 1000000;
static const uint64_t rtt_ns = 100000000;
static const uint32_t start = 0xffffc000u; /* the numbers wrap soon */

static struct recovery recovery;
static struct congestion congestion;
static struct scoreboard board;
static struct sent_pool pool;
static struct sent records[RECORDS];
static struct recovery_result result; /* of the last ACK */
static struct {
    uint64_t now_ns;
    uint32_t una, nxt; /* in segments */
    bool has_ts;
    uint32_t again; /* segments sent again */
} sender;

static void begin(enum recovery_mode mode)
{
    memset(&recovery, 0xa5, sizeof recovery);
    memset(&sender, 0, sizeof sender);
    recovery_init(&recovery, mode);
    congestion_init(&congestion, &congestion_newreno, MSS, false);
    congestion.cwnd = congestion.ssthresh = WINDOW * MSS;
    sent_pool_init(&pool, records, RECORDS);
    scoreboard_init(&board);
    sender.now_ns = 10000 * ms;
}

static int with_rack(void **state)
{
    (void)state;
    begin(RECOVERY_RACK);
    return 0;
}

static int with_sack(void **state)
{
    (void)state;
    begin(RECOVERY_SACK);
    return 0;
}

static int without_sack(void **state)
{
    (void)state;
    begin(RECOVERY_NEWRENO);
    return 0;
}

static uint32_t number(uint32_t segment)
{
    return start + segment * MSS;
}

static void wait_ms(uint32_t time_ms)
{
    sender.now_ns += time_ms * ms;
}

/* Timestamps tick once a ms. */
static uint32_t tsval(void)
{
    return (uint32_t)(sender.now_ns / ms);
}

static void send_new(uint32_t segments)
{
    for (uint32_t i = 0; i < segments; i++) {
        scoreboard_sent(&board, &pool, number(sender.nxt), number(sender.nxt + 1), sender.now_ns);
        recovery_sent(&recovery, MSS, false, sender.has_ts, tsval());
        sender.nxt++;
    }
}

/* All that is lost and fits in the window leaves again; how many segments did. */
static uint32_t send_lost(void)
{
    uint32_t count = 0;
    struct sent *sent;

    while (recovery_pipe(&recovery, &board) + MSS <= congestion.cwnd &&
           (sent = scoreboard_lost(&board, &pool, MSS))) {
        scoreboard_resent(&board, sent, sender.now_ns);
        recovery_sent(&recovery, MSS, true, sender.has_ts, tsval());
        count++;
    }
    sender.again += count;
    return count;
}

static struct recovery_ack now(void)
{
    const struct recovery_ack ack = {
        .now_ns = sender.now_ns,
        .srtt_ns = rtt_ns,
        .snd_una = number(sender.una),
        .snd_nxt = number(sender.nxt),
        .flight_bytes = (sender.nxt - sender.una) * MSS,
        .pipe_bytes = recovery_pipe(&recovery, &board),
    };

    return ack;
}

/* What an ACK may say. */
struct news {
    uint32_t una;        /* in segments */
    uint32_t sack, upto; /* a block, unless it is empty */
    uint32_t dsack;      /* segments that came twice */
    uint32_t ecr;
    bool marked;
};

static void acked(struct news news)
{
    struct recovery_ack ack = now();
    struct delivered delivered = {0};

    ack.dsack_bytes = news.dsack * MSS;
    ack.congestion_marked = news.marked;
    ack.has_ecr = news.ecr != 0;
    ack.ecr = news.ecr;
    ack.duplicate = news.una == sender.una && sender.nxt != sender.una;
    if (news.upto > news.sack)
        scoreboard_sack(&board, &pool, number(news.sack), number(news.upto), MSS, &delivered);
    scoreboard_ack(&board, &pool, number(news.una), &delivered);
    sender.una = news.una;
    ack.snd_una = number(news.una);
    result = recovery_acked(&recovery, &board, &congestion, &ack, &delivered);
}

#define ack(...) acked((struct news){__VA_ARGS__})

static void time_out(void)
{
    const struct recovery_ack ack = now();

    recovery_timed_out(&recovery, &board, &congestion, &ack);
}

static void duplicates(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ack(.una = sender.una);
}

static void assert_window(uint32_t cwnd, uint32_t ssthresh)
{
    assert_int_equal(congestion.cwnd, cwnd * MSS);
    assert_int_equal(congestion.ssthresh, ssthresh * MSS);
}

/* Twenty are out for a round trip, the first is missing; it goes again. */
static void lose_the_first(void)
{
    send_new(WINDOW);
    wait_ms(100);
    if (recovery.mode == RECOVERY_NEWRENO)
        duplicates(3);
    else
        ack(.una = 0, .sack = 1, .upto = 4);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(send_lost(), 1);
}

/* ---- RACK and RFC 6675 -------------------------------------------------------------------- */

/* RFC 8985 6.2: three segments SACKed, no reordering ever seen */
static void third_sacked_segment_begins_fast_recovery(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 0, .sack = 1, .upto = 2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_false(result.fast);
    ack(.una = 0, .sack = 1, .upto = 3);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = 0, .sack = 1, .upto = 4);
    assert_true(result.fast);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(recovery.recover, number(WINDOW));
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(send_lost(), 1); /* PRR: the fast retransmit always leaves */
}

/* RFC 8985 6.2 step 5: one SACK, and the window of reordering passes */
static void reordering_timer_begins_fast_recovery(void **state)
{
    struct recovery_ack ack;

    (void)state;
    send_new(1);
    wait_ms(1);
    send_new(1);
    wait_ms(100);
    ack(.una = 0, .sack = 1, .upto = 2);
    assert_int_equal(result.look_at_ns, sender.now_ns + 24 * ms);
    sender.now_ns = result.look_at_ns;
    ack = now();
    result = recovery_look(&recovery, &board, &congestion, &ack);
    assert_true(result.fast);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(send_lost(), 1);
    ack = now();
    result = recovery_look(&recovery, &board, &congestion, &ack);
    assert_false(result.fast); /* nothing new */
    assert_int_equal(board.lost_bytes, 0);
}

static void partial_ACK_goes_on_and_full_ACK_ends_it(void **state)
{
    (void)state;
    lose_the_first();
    wait_ms(100);
    ack(.una = 4, .sack = 5, .upto = 6);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = WINDOW - 1);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2); /* RFC 9937 6.1: cwnd = ssthresh at the end */
}

/* RFC 9937: one out for two in, for a window that is halved */
static void window_shrinks_in_proportion(void **state)
{
    uint32_t sent = 1;

    (void)state;
    lose_the_first();
    for (uint32_t upto = 5; upto <= WINDOW; upto++) {
        ack(.una = 0, .sack = 1, .upto = upto);
        while (recovery_pipe(&recovery, &board) + MSS <= congestion.cwnd) {
            send_new(1);
            sent++;
        }
        assert_in_range(sent, (upto - 1) / 2 - 1, (upto - 1) / 2 + 1);
    }
}

/* RFC 9937 5, RFC 6675 5: a window is reduced once, however much of it is lost */
static void more_losses_of_the_window_reduce_it_only_once(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = 0, .sack = 6, .upto = 9);
    ack(.una = 0, .sack = 12, .upto = 15);
    assert_false(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(recovery.recover, number(WINDOW));
}

static void next_window_may_be_reduced_again(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    wait_ms(100);
    send_new(10);
    wait_ms(100);
    ack(.una = WINDOW, .sack = WINDOW + 1, .upto = WINDOW + 4);
    assert_true(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 4 * MSS);
}

/* RFC 8985 3.1: what NewReno and RFC 6675 find by a timeout only */
static void lost_retransmission_goes_a_third_time(void **state)
{
    (void)state;
    lose_the_first();
    wait_ms(1);
    send_new(1);
    wait_ms(100);
    ack(.una = 0, .sack = WINDOW, .upto = WINDOW + 1);
    assert_int_equal(board.first->flags, SENT_LOST | SENT_AGAIN);
    assert_false(result.fast);
    assert_true(send_lost() > 0);
    assert_int_equal(board.first->flags, SENT_AGAIN);
}

/* RFC 8985 7.4.2 */
static void silent_repair_by_a_probe_reduces_the_window(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = WINDOW - 1);
    scoreboard_lose(&board, board.last); /* what the probe does */
    send_lost();
    tlp_sent(&recovery.tlp, number(WINDOW), true);
    send_new(19);
    wait_ms(100);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE); /* perhaps the original's */
    ack(.una = WINDOW + 1);
    assert_int_equal(recovery.phase, RECOVERY_REDUCED);
    assert_int_equal(congestion.ssthresh, 19 * MSS / 2);
    assert_false(recovery.tlp.out);
}

/* RFC 8985 6.2 step 4: a DSACK widens the window of reordering, the one about a probe doesn't */
static void DSACK_widens_the_reordering_window(void **state)
{
    (void)state;
    send_new(4);
    wait_ms(100);
    ack(.una = 1, .dsack = 1);
    assert_int_equal(recovery.rack.reo_wnd_mult, 2);
    begin(RECOVERY_RACK);
    send_new(4);
    tlp_sent(&recovery.tlp, number(4), true);
    wait_ms(100);
    ack(.una = 1, .dsack = 1);
    assert_int_equal(recovery.rack.reo_wnd_mult, 1);
}

/* RFC 8985 6.2 step 4: exiting fast or RTO recovery */
static void recoveries_and_timeouts_count_for_the_reordering_window(void **state)
{
    (void)state;
    rack_dsack(&recovery.rack, start, start);
    assert_int_equal(recovery.rack.reo_wnd_persist, 16);
    send_new(4);
    time_out();
    ack(.una = 4);
    assert_int_equal(recovery.rack.reo_wnd_persist, 15);
    send_new(4);
    ack(.una = 5, .marked = true);
    ack(.una = 8); /* nothing was lost: ECN */
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(recovery.rack.reo_wnd_persist, 15);
    send_new(8);
    wait_ms(200);
    recovery.rack.reordering_seen = false;
    ack(.una = 8, .sack = 9, .upto = 12);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = 16);
    assert_int_equal(recovery.rack.reo_wnd_persist, 14);
}

/* RFC 6675 4: no time in it */
static void RFC_6675_counts_what_is_above(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 2, .upto = 4);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = 0, .sack = 2, .upto = 5);
    assert_true(result.fast);
    assert_int_equal(board.lost_bytes, 2 * MSS);
    assert_int_equal(result.look_at_ns, UINT64_MAX);
    assert_int_equal(send_lost(), 1); /* the second waits for PRR */
    wait_ms(1000);
    ack(.una = 0, .sack = 5, .upto = 12);
    assert_int_equal(send_lost(), 1);
    ack(.una = 0, .sack = 12, .upto = 20);
    assert_int_equal(board.lost_bytes, 0); /* it doesn't look for lost retransmissions */
}

/* ---- NewReno ------------------------------------------------------------------------------ */

/* RFC 5681 3.2, RFC 3042: two duplicates let two new segments go */
static void third_duplicate_begins_fast_recovery(void **state)
{
    (void)state;
    send_new(WINDOW);
    duplicates(2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(recovery_pipe(&recovery, &board), (WINDOW - 2) * MSS);
    assert_int_equal(congestion.cwnd, WINDOW * MSS);
    duplicates(1);
    assert_true(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(send_lost(), 1);
    duplicates(1);
    assert_int_equal(board.lost_bytes, 0); /* the first one only */
    assert_false(result.fast);
}

static void new_ACK_starts_the_count_again(void **state)
{
    (void)state;
    send_new(WINDOW);
    duplicates(2);
    ack(.una = 1);
    assert_int_equal(recovery_pipe(&recovery, &board), (WINDOW - 1) * MSS);
    duplicates(2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    duplicates(1);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
}

/* RFC 6582 3.2 step 3 */
static void partial_ACK_sends_the_next_hole(void **state)
{
    (void)state;
    lose_the_first();
    duplicates(15);
    send_lost();
    ack(.una = 7);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_true(board.first->flags & SENT_LOST);
    assert_int_equal(board.lost_bytes, MSS);
    assert_int_equal(send_lost(), 1);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
}

/* RFC 6582 3.2 step 1, 4.1: duplicates of what went twice */
static void duplicates_after_a_timeout_are_no_loss(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    ack(.una = 1);
    send_lost();
    duplicates(5);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    ack(.una = WINDOW);
    send_new(5);
    duplicates(3); /* still of what went twice */
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = WINDOW + 1);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
}

/* An ECN mark sends nothing twice: what is lost in that window is found as ever. */
static void loss_behind_an_ECN_mark_is_found(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 1, .marked = true);
    assert_int_equal(recovery.phase, RECOVERY_REDUCED);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS); /* once a round trip */
    assert_int_equal(board.lost_bytes, MSS);
    time_out();
    send_lost();
    ack(.una = WINDOW);
    send_new(5);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
}

static void duplicates_beyond_the_flight_open_nothing_more(void **state)
{
    (void)state;
    lose_the_first();
    duplicates(1000);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
    assert_true(congestion.cwnd <= congestion.ssthresh);
}

/* ---- timeout ------------------------------------------------------------------------------ */

/* RFC 5681 3.1, RFC 6298 5.4 */
static void timeout_loses_all_and_begins_with_one_segment(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    assert_int_equal(board.lost_bytes, WINDOW * MSS);
    assert_window(1, WINDOW / 2);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(send_lost(), 1);
    ack(.una = 1);
    assert_window(2, WINDOW / 2); /* slow start */
    assert_int_equal(send_lost(), 2);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(4, WINDOW / 2); /* L = 2 */
}

/* RFC 5681 3.1: the same text, so ssthresh says nothing new */
static void repeated_timeout_leaves_ssthresh(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    time_out();
    assert_window(1, WINDOW / 2);
    assert_int_equal(board.lost_bytes, WINDOW * MSS);
}

static void timeout_ends_fast_recovery(void **state)
{
    (void)state;
    lose_the_first();
    time_out();
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(congestion.cwnd, MSS);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
    ack(.una = 4); /* nothing partial about it */
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_in_range(congestion.cwnd, 2 * MSS, 3 * MSS);
}

static void timeout_keeps_what_is_sacked(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 10, .upto = 11);
    time_out();
    assert_int_equal(board.sacked_bytes, MSS);
    assert_int_equal(board.lost_bytes, (WINDOW - 1) * MSS);
}

/* RFC 2018 8: the peer may change its mind, and the first can't be SACKed and not acknowledged */
static void reneging_is_survived(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 1, .upto = 10);
    ack(.una = 1, .sack = 2, .upto = 10); /* it should have been 10 */
    time_out();
    assert_int_equal(board.sacked_bytes, 0);
    assert_int_equal(board.lost_bytes, (WINDOW - 1) * MSS);
}

/* ---- undo --------------------------------------------------------------------------------- */

/* RFC 3522 3.2, RFC 4015 3.2: the first transmission is answered */
static void spurious_timeout_is_undone_by_Eifel(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(10);
    ack(.una = 1, .ecr = (uint32_t)(10000));
    assert_true(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(board.lost_bytes, 0);
    assert_int_equal(congestion.cwnd, WINDOW * MSS);
    assert_int_equal(congestion.ssthresh, WINDOW * MSS);
    assert_int_equal(send_lost(), 0);
}

static void answer_to_the_retransmission_undoes_nothing(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(100);
    ack(.una = 1, .ecr = 10500); /* the very tick in which it left */
    assert_false(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    ack(.una = 2); /* no timestamp: no proof */
    assert_false(result.undone);
}

/* RFC 3522 3.2 (5): only an ACK of new text is an answer to anything */
static void duplicate_with_an_old_timestamp_undoes_nothing(void **state)
{
    (void)state;
    sender.has_ts = true;
    lose_the_first();
    wait_ms(10);
    ack(.una = 0, .sack = 4, .upto = 5, .ecr = 10000);
    assert_false(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = 5, .ecr = 10000);
    assert_true(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(congestion.ssthresh, WINDOW * MSS);
}

/* RFC 3708: each retransmission came twice */
static void spurious_fast_retransmit_is_undone_by_DSACK(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    assert_window(WINDOW / 2, WINDOW / 2);
    wait_ms(50);
    ack(.una = WINDOW, .dsack = 1);
    assert_true(result.undone);
    assert_window(WINDOW, WINDOW);
}

static void one_DSACK_for_two_retransmissions_undoes_nothing(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 0, .sack = 2, .upto = 5);
    assert_int_equal(board.lost_bytes, 2 * MSS);
    send_lost();
    ack(.una = 0, .sack = 5, .upto = 12);
    send_lost();
    assert_int_equal(sender.again, 2);
    ack(.una = 12, .dsack = 1);
    assert_false(result.undone);
    ack(.una = 12, .dsack = 1);
    assert_true(result.undone);
}

static void DSACK_after_a_round_trip_is_too_late(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    send_new(5);
    ack(.una = WINDOW + 1);
    assert_false(recovery.can_undo);
    ack(.una = WINDOW + 1, .dsack = 1);
    assert_false(result.undone);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

/* The path got narrower meanwhile (RFC 1191): that was no mistake. */
static void undo_keeps_the_size_of_segments(void **state)
{
    (void)state;
    lose_the_first();
    congestion.mss = MSS / 2;
    ack(.una = WINDOW);
    ack(.una = WINDOW, .dsack = 1);
    assert_true(result.undone);
    assert_int_equal(congestion.mss, MSS / 2);
}

/* RFC 4015 3.2: what the window has become meanwhile, if that is more */
static void undo_does_not_shrink_the_window(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    congestion.cwnd = 2 * WINDOW * MSS;
    ack(.una = WINDOW, .dsack = 1);
    assert_window(2 * WINDOW, WINDOW);
}

/* ---- ECN ---------------------------------------------------------------------------------- */

/* RFC 3168 6.1.2: once a window of data */
static void marks_reduce_the_window_once_a_round_trip(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 1, .marked = true);
    assert_true(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    for (uint32_t una = 2; una < WINDOW; una++) {
        ack(.una = una, .marked = true);
        assert_false(result.reduced_for_ecn);
    }
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2);
    send_new(10);
    ack(.una = WINDOW + 1, .marked = true);
    assert_true(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 4 * MSS);
}

/* RFC 3168 6.1.2: a loss in the same window is no second reason */
static void loss_in_a_marked_window_is_no_second_reduction(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 1, .marked = true);
    ack(.una = 1, .sack = 2, .upto = 5);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(send_lost(), 1);
}

static void mark_during_recovery_is_no_second_reduction(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = 4, .marked = true);
    assert_false(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

/* Nothing was sent twice, so nothing can prove that it was for nothing. */
static void mark_is_never_undone(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    send_new(8);
    ack(.una = WINDOW, .marked = true);
    ack(.una = WINDOW, .dsack = 1);
    assert_false(result.undone);
}

#define on_rack(function)    cmocka_unit_test_setup(function, with_rack)
#define on_sack(function)    cmocka_unit_test_setup(function, with_sack)
#define on_newreno(function) cmocka_unit_test_setup(function, without_sack)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_rack(third_sacked_segment_begins_fast_recovery),
        on_sack(third_sacked_segment_begins_fast_recovery),
        on_rack(reordering_timer_begins_fast_recovery),
        on_rack(partial_ACK_goes_on_and_full_ACK_ends_it),
        on_sack(partial_ACK_goes_on_and_full_ACK_ends_it),
        on_rack(window_shrinks_in_proportion),
        on_sack(window_shrinks_in_proportion),
        on_rack(more_losses_of_the_window_reduce_it_only_once),
        on_sack(more_losses_of_the_window_reduce_it_only_once),
        on_rack(next_window_may_be_reduced_again),
        on_sack(next_window_may_be_reduced_again),
        on_rack(lost_retransmission_goes_a_third_time),
        on_rack(silent_repair_by_a_probe_reduces_the_window),
        on_rack(DSACK_widens_the_reordering_window),
        on_rack(recoveries_and_timeouts_count_for_the_reordering_window),
        on_sack(RFC_6675_counts_what_is_above),
        on_newreno(third_duplicate_begins_fast_recovery),
        on_newreno(new_ACK_starts_the_count_again),
        on_newreno(partial_ACK_sends_the_next_hole),
        on_newreno(duplicates_after_a_timeout_are_no_loss),
        on_newreno(loss_behind_an_ECN_mark_is_found),
        on_newreno(duplicates_beyond_the_flight_open_nothing_more),
        on_rack(timeout_loses_all_and_begins_with_one_segment),
        on_sack(timeout_loses_all_and_begins_with_one_segment),
        on_newreno(timeout_loses_all_and_begins_with_one_segment),
        on_rack(repeated_timeout_leaves_ssthresh),
        on_newreno(repeated_timeout_leaves_ssthresh),
        on_rack(timeout_ends_fast_recovery),
        on_newreno(timeout_ends_fast_recovery),
        on_rack(timeout_keeps_what_is_sacked),
        on_rack(reneging_is_survived),
        on_rack(spurious_timeout_is_undone_by_Eifel),
        on_newreno(spurious_timeout_is_undone_by_Eifel),
        on_rack(answer_to_the_retransmission_undoes_nothing),
        on_rack(duplicate_with_an_old_timestamp_undoes_nothing),
        on_rack(spurious_fast_retransmit_is_undone_by_DSACK),
        on_sack(spurious_fast_retransmit_is_undone_by_DSACK),
        on_sack(one_DSACK_for_two_retransmissions_undoes_nothing),
        on_rack(DSACK_after_a_round_trip_is_too_late),
        on_rack(undo_keeps_the_size_of_segments),
        on_rack(undo_does_not_shrink_the_window),
        on_rack(marks_reduce_the_window_once_a_round_trip),
        on_newreno(marks_reduce_the_window_once_a_round_trip),
        on_rack(loss_in_a_marked_window_is_no_second_reduction),
        on_rack(mark_during_recovery_is_no_second_reduction),
        on_rack(mark_is_never_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

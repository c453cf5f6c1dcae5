/* sender.h -- a sender without a connection: scoreboard, recovery and congestion control, for tests
 * of loss recovery. */
#ifndef SENDER_H
#define SENDER_H

#include "needs.h"
#include "unit.h"

#include "tcp/congestion/recovery.h"
#include "tcp/congestion/seq.h"

enum {
    MSS = 1000,
    RECORDS = 200,
    WINDOW = 20 /* segments: the initial cwnd */
};

static const uint64_t ms = 1000000;
static const uint64_t rtt_ns = 100000000;
static const uint32_t start = 0xffffc000u; /* close to the wraparound */

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
    uint32_t again; /* segments retransmitted */
} sender;

static inline void begin(enum recovery_mode mode)
{
    memset(&recovery, 0xa5, sizeof recovery);
    memset(&sender, 0, sizeof sender);
    recovery_init(&recovery, mode);
    congestion_init(&congestion, &leat_tcp_newreno, MSS, 10, false);
    congestion.cwnd = congestion.ssthresh = WINDOW * MSS;
    sent_pool_init(&pool, records, RECORDS);
    scoreboard_init(&board);
    sender.now_ns = 10000 * ms;
}

/* With RACK, or RFC 6675 in a build without it. */
static inline int with_rack(void **state)
{
    (void)state;
    begin(HAS_RACK ? RECOVERY_RACK : RECOVERY_SACK);
    return 0;
}

static inline int with_sack(void **state)
{
    (void)state;
    begin(RECOVERY_SACK);
    return 0;
}

static inline int without_sack(void **state)
{
    (void)state;
    begin(RECOVERY_NEWRENO);
    return 0;
}

static inline uint32_t number(uint32_t segment)
{
    return start + segment * MSS;
}

static inline void wait_ms(uint32_t time_ms)
{
    sender.now_ns += time_ms * ms;
}

/* The timestamp clock: one tick per ms. */
static inline uint32_t tsval(void)
{
    return (uint32_t)(sender.now_ns / ms);
}

static inline void send_new(uint32_t segments)
{
    for (uint32_t i = 0; i < segments; i++) {
        scoreboard_sent(&board, &pool, number(sender.nxt), number(sender.nxt + 1), sender.now_ns);
        recovery_sent(&recovery, MSS, false, sender.has_ts, tsval());
        sender.nxt++;
    }
}

/* Retransmits all lost segments that fit in the window; returns their number. */
static inline uint32_t send_lost(void)
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

/* The contents of an ACK. */
struct news {
    uint32_t una;        /* in segments */
    uint32_t sack, upto; /* a SACK block, unless it is empty */
    uint32_t dsack;      /* segments that arrived twice */
    uint32_t ecr;
    bool marked;
};

static inline void acked(struct news news)
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

static inline void time_out(void)
{
    const struct recovery_ack ack = now();

    recovery_timed_out(&recovery, &board, &congestion, &ack);
}

static inline void duplicates(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ack(.una = sender.una);
}

static inline void assert_window(uint32_t cwnd, uint32_t ssthresh)
{
    assert_int_equal(congestion.cwnd, cwnd * MSS);
    assert_int_equal(congestion.ssthresh, ssthresh * MSS);
}

/* Sends twenty segments, loses the first, and retransmits it after a round trip. */
static inline void lose_the_first(void)
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

#define on_rack(function)    cmocka_unit_test_setup(function, with_rack)
#define on_sack(function)    cmocka_unit_test_setup(function, with_sack)
#define on_newreno(function) cmocka_unit_test_setup(function, without_sack)

#endif

/* path.h -- a path for tests of BBR: one bottleneck with a buffer, and the part of a TCP sender
 * that BBR uses: time stamps, deliveries, losses. */
#ifndef PATH_H
#define PATH_H

#include "unit.h"

#include "tcp/bbr/inside.h"

enum {
    MSS = 1000,
    PATH_SEGMENTS = 1 << 14
};

static const uint64_t ms = 1000000;
static const uint64_t second = 1000000000;

static struct bbr bbr;
static struct congestion congestion;

static struct path {
    uint64_t rate; /* bytes per second */
    uint64_t rtt_ns;
    uint32_t buffer_bytes;
    uint32_t lose_every; /* loses every Nth segment; 0: none */
    uint32_t limit;      /* bytes that the program allows in flight; 0: no limit */
    uint64_t now_ns;
    uint64_t free_ns;     /* when the bottleneck has sent all segments */
    uint64_t send_ns;     /* when the next segment may leave */
    uint32_t first, next; /* segments in flight */
    uint32_t in_flight;
    uint32_t lost_until; /* recovery lasts until this segment has arrived */
    uint32_t states;     /* bitmap of the states that occurred */
    struct path_segment {
        struct rate_stamp stamp;
        uint64_t sent_ns;
        uint64_t arrives_ns;
        bool lost;
    } segments[PATH_SEGMENTS];
} path;

static struct path_segment *path_at(uint32_t i)
{
    return &path.segments[i % PATH_SEGMENTS];
}

/* 100 Mbit/s and 20 ms, with a buffer of twice the BDP. */
static inline int path_fresh(void **state)
{
    (void)state;
    memset(&path, 0, sizeof path);
    memset(&bbr, 0xa5, sizeof bbr);
    path.rate = 12500000;
    path.rtt_ns = 20 * ms;
    path.buffer_bytes = 500000;
    path.now_ns = path.send_ns = second;
    congestion_init(&congestion, &leat_tcp_bbr, MSS, 10, false);
    congestion.bbr = &bbr;
    bbr_init(&bbr, &congestion,
             &(struct bbr_begin){
                 .now_ns = second, .srtt_ns = 20 * ms, .seed = 7, .has_selective_acks = true});
    return 0;
}

static bool path_may_send(void)
{
    const uint32_t most =
        path.limit > 0 && path.limit < congestion.cwnd ? path.limit : congestion.cwnd;

    return path.in_flight + MSS <= most;
}

static void path_send(void)
{
    struct path_segment *segment = path_at(path.next);
    uint64_t out_ns = path.free_ns > path.now_ns ? path.free_ns : path.now_ns;
    const bool is_first = path.in_flight == 0;

    assert_true(path.next - path.first < PATH_SEGMENTS);
    if (is_first)
        bbr_restarts(&bbr, path.now_ns);
    path.in_flight += MSS;
    rate_sent(&bbr.rate, &segment->stamp, path.in_flight, is_first, path.now_ns);
    segment->sent_ns = path.now_ns;
    segment->lost = (out_ns - path.now_ns) * path.rate / second > path.buffer_bytes ||
                    (path.lose_every > 0 && path.next % path.lose_every == 0);
    if (!segment->lost)
        path.free_ns = out_ns += MSS * second / path.rate;
    segment->arrives_ns = out_ns + path.rtt_ns;
    path.next++;
    path.send_ns =
        (path.send_ns > path.now_ns ? path.send_ns : path.now_ns) + MSS * second / bbr.pacing_rate;
}

static bool path_is_recovering(void)
{
    return (int32_t)(path.lost_until - path.first) > 0;
}

/* The first segment is acknowledged, or found missing by the ACK of the next one. */
static void path_hear(void)
{
    struct path_segment *segment = path_at(path.first);
    const bool was_recovering = path_is_recovering();
    struct bbr_ack ack = {.now_ns = path.now_ns};

    bbr_ack_begins(&bbr, path.in_flight, path.limit > 0 && path.limit < congestion.cwnd);
    path.in_flight -= MSS;
    if (segment->lost) {
        rate_lost(&bbr.rate, &segment->stamp, path.first * MSS, (path.first + 1) * MSS);
        if (!was_recovering) {
            congestion.ops->reduced(&congestion, path.in_flight, path.now_ns);
            path.lost_until = path.next;
        }
    } else {
        rate_delivered(&bbr.rate, &segment->stamp, segment->sent_ns, (path.first + 1) * MSS, MSS,
                       false);
    }
    path.first++;
    ack.in_flight_bytes = path.in_flight;
    ack.in_recovery = path_is_recovering();
    bbr_acked(&bbr, &ack);
    path.states |= 1u << bbr.state;
}

/* Processes one event; false: nothing more happens. */
static bool path_step(void)
{
    const uint64_t hear_ns = path.first != path.next ? path_at(path.first)->arrives_ns : UINT64_MAX;
    const uint64_t send_ns = path_may_send() ? path.send_ns : UINT64_MAX;
    const uint64_t next_ns = hear_ns < send_ns ? hear_ns : send_ns;

    if (next_ns == UINT64_MAX)
        return false;
    if (next_ns > path.now_ns)
        path.now_ns = next_ns;
    if (hear_ns < send_ns)
        path_hear();
    else
        path_send();
    return true;
}

static inline void path_run(uint64_t for_ns)
{
    const uint64_t until_ns = path.now_ns + for_ns;

    while (path.now_ns < until_ns)
        assert_true(path_step());
}

/* Runs until BBR is in @state, for a minute at most. */
static inline void path_run_to(enum bbr_state state)
{
    const uint64_t until_ns = path.now_ns + 60 * second;

    while (bbr.state != state) {
        assert_true(path_step());
        assert_true(path.now_ns < until_ns);
    }
}

static inline double path_bdp(void)
{
    return (double)path.rate * (double)path.rtt_ns / 1e9;
}

/* Asserts that @value is @wanted within @percent. */
#define assert_near(value, wanted, percent)                                                        \
    assert_in_range((uint64_t)(value), (uint64_t)((double)(wanted) * (100 - (percent)) / 100),     \
                    (uint64_t)((double)(wanted) * (100 + (percent)) / 100))

#endif

/* invariants.c -- invariants after every step, after every poll, and at the end. */
#include <string.h>

#include "core/pool.h"
#include "ip/host.h"
#include "sim.h"
#include "link/link.h"
#include "tcp/tcp.h"
#include "tcp_check.h"
#include "tls.h"

enum {
    IDLE_POLLS_MAX = 64, /* in a row at one time, with nothing to do */
    IDLE_POLLS_A_SECOND =
        2000,       /* and as many again for each connection, because memory may be short */
    LEAP_MS = 60000 /* the shortest timeout that ends a connection */
};

static const uint64_t arp_patience_ns = 5u * (uint64_t)SIM_NS_PER_S;

static unsigned long long as_us(uint64_t ns)
{
    return (unsigned long long)(ns / SIM_NS_PER_US);
}

/* ---- the stack ---------------------------------------------------------------------------- */

uint64_t sim_unsent(const struct sim_end *end)
{
    const struct leat_stats *stats = leat_stats(end->stack);

    return stats->tx_no_memory + stats->tx_dropped + stats->tx_unresolved + stats->tx_parked_out +
           stats->drop_memory + end->device.lost_out;
}

/* True if any list is short: a stalled connection may be evicted then. */
bool sim_pool_is_low(const struct sim_end *end)
{
    return !pool_has(leat_pool(end->stack), POOL_SCARCE);
}

uint64_t sim_heard(const struct sim_end *end)
{
    return leat_link_counts(end->sim->link, (int)(1 - end->index)).delivered + end->device.injected;
}

bool sim_may_lack(const struct sim *sim, unsigned end)
{
    const struct sim_scenario *s = &sim->scenario;

    return s->dry_ms[end] + s->dry_poll[end] + s->connections[end] > 0;
}

bool sim_has_faults(const struct sim *sim)
{
    const struct sim_scenario *s = &sim->scenario;

    for (unsigned end = 0; end < 2; end++) {
        if (!sim_is_punctual(sim, end) || sim_may_lack(sim, end) || s->half_open[end] > 0 ||
            s->time_wait[end] > 0 || s->accept_at_ms[end] > 0 || s->unlisten_at_ms[end] > 0 ||
            s->attack_per_s[end] > 0)
            return true;
    }
    return false;
}

bool sim_is_punctual(const struct sim *sim, unsigned end)
{
    const struct sim_scenario *s = &sim->scenario;

    return s->jump_ms[end] + s->stall_ms[end] + s->stop_ms[end] + s->down_ms[end] + s->dry_ms[end] +
               s->dry_poll[end] + s->ring_frames[end] + s->tick_us[end] ==
           0;
}

static void check_statistics(struct sim_end *end)
{
    struct sim *sim = end->sim;
    const struct leat_stats *stats = leat_stats(end->stack);
    const struct leat_link_counts out = leat_link_counts(sim->link, (int)end->index);
    const struct leat_link_counts in = leat_link_counts(sim->link, (int)(1 - end->index));
    const struct sim_device *device = &end->device;

    if (!leat_stats_balance(stats))
        sim_fail(sim, "end %u: the statistics don't balance", end->index);
    if (stats->rx_frames != device->given || stats->tx_frames != device->taken)
        sim_fail(sim, "end %u: counted %llu frames in and %llu out, the device %llu and %llu",
                 end->index, (unsigned long long)stats->rx_frames,
                 (unsigned long long)stats->tx_frames, (unsigned long long)device->given,
                 (unsigned long long)device->taken);
    if (device->given != in.delivered - in.merged + device->injected - device->lost_in ||
        device->taken != out.sent - out.duplicated - out.cut + device->lost_out)
        sim_fail(sim, "end %u: the device has made or lost a frame", end->index);
    if (stats->drop_tcp_impossible > 0)
        sim_fail(sim, "end %u: an event that tcp.rl has no line for", end->index);
    if (in.corrupted == 0 && sim->ends[0].attack_count + sim->ends[1].attack_count == 0 &&
        stats->drop_tcp_checksum + stats->drop_tcp_format + stats->drop_tcp_options +
                stats->drop_tcp_flags + stats->drop_ip_header + stats->drop_ip_checksum +
                stats->drop_ip6_header + stats->drop_ip6_headers + stats->drop_icmp6_checksum +
                stats->drop_icmp6_format >
            0)
        sim_fail(sim, "end %u: dropped a segment as malformed, but none was corrupted", end->index);
}

static void check_tcp(struct sim_end *end)
{
    const char *wrong = tcp_check(end->stack);

    if (wrong)
        sim_fail(end->sim, "end %u: %s", end->index, wrong);
}

static void check_pool(struct sim_end *end)
{
    const struct leat_pool *pool = &end->stack->pool;

    for (unsigned kind = 0; kind < POOL_KINDS; kind++) {
        if (pool->lists[kind].free_count > pool->lists[kind].count)
            sim_fail(end->sim, "end %u: more buffers are free than there are", end->index);
    }
}

/* Frames for which the device had no room must be sent when it has. An exception is a clock that
 * leaps or stands still. Another is a stack without memory for received frames, which doesn't poll
 * the device. */
static void check_unsent(struct sim_end *end)
{
    const struct sim_scenario *s = &end->sim->scenario;

    if (end->stack->links[0].tx.count > 0 && !end->starved && s->jump_ms[end->index] == 0 &&
        s->stall_ms[end->index] == 0 && end->deadline_ns > sim_device_look_ns(&end->device))
        sim_fail(end->sim, "end %u: frames wait, and no poll is due when the device has room",
                 end->index);
}

void sim_check_poll(struct sim_end *end, bool busy)
{
    struct sim *sim = end->sim;
    const uint64_t second = sim->now_ns / SIM_NS_PER_S;

    check_statistics(end);
    check_tcp(end);
    check_pool(end);
    check_unsent(end);
    if (busy) {
        end->idle_polls = 0;
        return;
    }
    end->idle_polls = end->deadline_ns == sim->now_ns ? end->idle_polls + 1 : 0;
    if (second != end->idle_second)
        end->idle_in_second = 0;
    end->idle_second = second;
    end->idle_in_second++;
    if (end->idle_polls > IDLE_POLLS_MAX)
        sim_fail(sim, "end %u: wants to be polled at once, but does nothing", end->index);
    if (end->idle_in_second > IDLE_POLLS_A_SECOND * (1 + sim->scenario.pairs[0]))
        sim_fail(sim, "end %u: %u polls in a second did nothing", end->index, end->idle_in_second);
}

/* ---- a connection ------------------------------------------------------------------------- */

/* Numbers that must only grow. */
static void check_growth(struct sim_side *side, const struct leat_tcp_info *now)
{
    const struct leat_tcp_info *was = &side->info;
    const uint32_t edge_was = was->rcv_nxt + was->rcv_wnd_bytes;
    const uint32_t edge = now->rcv_nxt + now->rcv_wnd_bytes;
    const char *what = NULL;

    if ((int32_t)(now->snd_una - was->snd_una) < 0)
        what = "SND.UNA";
    else if (was->state >= LEAT_TCP_ESTABLISHED && (int32_t)(now->snd_nxt - was->snd_nxt) < 0)
        what = "SND.NXT";
    else if (was->rcv_nxt != 0 && (int32_t)(now->rcv_nxt - was->rcv_nxt) < 0)
        what = "RCV.NXT";
    else if (was->state >= LEAT_TCP_ESTABLISHED && !side->eof && !leat_tcp_at_end(side->conn) &&
             (int32_t)(edge - edge_was) < 0)
        what = "the right edge of the receive window";
    if (what)
        sim_fail(side->sim, "c%u end %u: %s has moved left", side->pair, side->end, what);
}

static void check_numbers(struct sim_side *side, const struct leat_tcp_info *info)
{
    const struct sim_scenario *scenario = &side->sim->scenario;
    const uint64_t rto_min_ns = scenario->rto_min_us[side->end] * SIM_NS_PER_US;
    const uint64_t rto_max_ns = scenario->rto_max_ms[side->end] * SIM_NS_PER_MS;

    if ((int32_t)(info->snd_nxt - info->snd_una) < 0)
        sim_fail(side->sim, "c%u end %u: SND.UNA > SND.NXT", side->pair, side->end);
    if (info->rto_ns < rto_min_ns || info->rto_ns > rto_max_ns)
        sim_fail(side->sim, "c%u end %u: an RTO of %llu us is out of bounds", side->pair, side->end,
                 as_us(info->rto_ns));
    if (info->queued_bytes > scenario->send_queue_bytes[side->end])
        sim_fail(side->sim, "c%u end %u: more is queued than the queue can hold", side->pair,
                 side->end);
    if (!sim_tls_is_on(side) && info->readable_bytes > side->peer->written - side->read)
        sim_fail(side->sim, "c%u end %u: more is readable than was written", side->pair, side->end);
}

/* The window and the data that isn't given back yet must fit into the configured limit. The scale
 * of the field rounds the window up by less than a unit. */
static void check_window(struct sim_side *side, const struct leat_tcp_info *info)
{
    const uint64_t held = sim_tls_is_on(side) ? 0 : side->held_bytes + sim_tasks_held_bytes(side);
    const uint64_t used = info->readable_bytes + held; /* data held by a session isn't counted */
    const uint64_t limit = side->sim->scenario.window_bytes[side->end];

    if (info->state >= LEAT_TCP_ESTABLISHED && !side->ended &&
        info->rcv_wnd_bytes + used > limit + ((uint64_t)1 << info->rcv_wind_shift))
        sim_fail(side->sim, "c%u end %u: offers %u bytes and holds %llu, more than it may",
                 side->pair, side->end, info->rcv_wnd_bytes, (unsigned long long)used);
}

/* The knowledge of one end about the other can be old, but not wrong. */
static void check_pair(const struct sim_side *a, const struct sim_side *b)
{
    if (!a->has_info || !b->has_info || a->info.state < LEAT_TCP_ESTABLISHED ||
        b->info.state < LEAT_TCP_ESTABLISHED || !a->conn || !b->conn)
        return;
    if ((int32_t)(a->info.snd_nxt - b->info.rcv_nxt) < 0)
        sim_fail(a->sim, "c%u: end %u expects %u, but end %u has only sent up to %u", a->pair,
                 b->end, b->info.rcv_nxt, a->end, a->info.snd_nxt);
    if ((int32_t)(b->info.rcv_nxt - a->info.snd_una) < 0)
        sim_fail(a->sim, "c%u: end %u believes that more has arrived than end %u has taken",
                 a->pair, a->end, b->end);
}

/* RFC 9293 3.8.6.3: an ACK is not delayed for longer than allowed. */
static void check_delayed_ack(struct sim_side *side, const struct leat_tcp_info *info)
{
    struct sim *sim = side->sim;
    const struct sim_scenario *scenario = &sim->scenario;
    const struct sim_voice *voice = &sim->watcher.voices[side->pair][side->end];
    const uint64_t limit_ns =
        (scenario->delayed_ack_us[side->end] + 2 * scenario->late_us[side->end] + 1000) *
        SIM_NS_PER_US;

    if (!voice->has_ack || info->state < LEAT_TCP_ESTABLISHED || info->rcv_nxt == voice->ack) {
        side->unacked_ns = 0;
        return;
    }
    if (side->unacked_ns == 0)
        side->unacked_ns = sim->now_ns;
    /* it may also wait for the other end's MAC address */
    if (sim->now_ns - side->unacked_ns > limit_ns && scenario->freeze_ms[side->end] == 0 &&
        sim_is_punctual(sim, side->end) &&
        sim->now_ns > sim->watcher.arp_ns[side->end] + arp_patience_ns &&
        sim_unsent(&sim->ends[side->end]) == 0)
        sim_fail(sim, "c%u end %u: an ACK has waited %llu us", side->pair, side->end,
                 as_us(sim->now_ns - side->unacked_ns));
}

static void check_side(struct sim_side *side)
{
    const bool had_info = side->has_info;
    struct leat_tcp_info info;

    if (!side->conn)
        return;
    leat_tcp_get_info(side->conn, &info);
    side->has_info = false;
    if (info.state == LEAT_TCP_CLOSED || info.state == LEAT_TCP_TIME_WAIT)
        return; /* it only waits for its last callback */
    check_numbers(side, &info);
    check_window(side, &info);
    if (had_info)
        check_growth(side, &info);
    check_delayed_ack(side, &info);
    side->info = info;
    side->has_info = true;
}

void sim_check_step(struct sim *sim)
{
    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        check_side(&sim->sides[i][0]);
        check_side(&sim->sides[i][1]);
        check_pair(&sim->sides[i][0], &sim->sides[i][1]);
        check_pair(&sim->sides[i][1], &sim->sides[i][0]);
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

/* How long the machine of @end is unavailable. */
static uint64_t faults_ms(const struct sim_scenario *s, unsigned end)
{
    return s->stall_ms[end] + s->stop_ms[end] + s->down_ms[end] + s->dry_ms[end] +
           s->accept_at_ms[end];
}

/* True for an end that is unavailable again and again, often when the other one's frame comes. */
static bool comes_and_goes(const struct sim_scenario *s, unsigned end)
{
    return s->down_every_ms[end] + s->stop_every_ms[end] > 0;
}

uint64_t sim_patience_ns(const struct sim *sim)
{
    const struct sim_scenario *s = &sim->scenario;
    const uint64_t rto_max_ms =
        s->rto_max_ms[0] > s->rto_max_ms[1] ? s->rto_max_ms[0] : s->rto_max_ms[1];

    const uint64_t timeouts = comes_and_goes(s, 0) || comes_and_goes(s, 1) ? 160 : 40;

    /* forty timeouts in a row come once in 10^11 runs even at 30 % loss each way; the rest is for
     * keep-alive, an abandoned FIN-WAIT-2, TIME-WAIT and the programs' pauses */
    return (timeouts * rto_max_ms + 300000 + 2 * s->msl_ms[0] + faults_ms(s, 0) + faults_ms(s, 1)) *
           SIM_NS_PER_MS;
}

static bool is_empty(const struct sim_end *end)
{
    uint32_t counts[SIM_LISTS];

    sim_count_free(end, counts);
    counts[SIM_LIST_LISTENERS] += end->listener != NULL || sim_tasks_serve(end);
    return pool_is_whole(&end->stack->pool) && memcmp(counts, end->free, sizeof counts) == 0 &&
           (!end->stack->hosts6 || end->stack->hosts6->held == 0) && sim_tls_is_idle(end);
}

void sim_fail_of_hang(struct sim *sim, const char *what)
{
    char text[SIM_FAILURE_BYTES / 2] = "";
    size_t len = 0;

    for (unsigned i = 0; i < 2 * SIM_LISTS; i++) {
        const struct sim_end *end = &sim->ends[i % 2];
        const unsigned list = i / 2;
        uint32_t counts[SIM_LISTS];

        sim_count_free(end, counts);
        counts[SIM_LIST_LISTENERS] += end->listener != NULL || sim_tasks_serve(end);
        if (counts[list] != end->free[list] && len < sizeof text)
            len +=
                (size_t)snprintf(text + len, sizeof text - len, ", end %u lacks %u %s", end->index,
                                 end->free[list] - counts[list], sim_list_name(list));
    }
    sim_fail(sim, "%s; all connections closed: %s%s", what, sim_all_closed(sim) ? "yes" : "no",
             text);
}

bool sim_all_closed(const struct sim *sim)
{
    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        const struct sim_side *sides = sim->sides[i];
        const uint64_t role = sim->scenario.plans[i].role[0];

        for (unsigned end = 0; end < 2; end++) {
            if (sides[end].exists ? !sides[end].closed : role == end || role == 2)
                return false;
        }
    }
    return true;
}

bool sim_is_over(const struct sim *sim)
{
    return sim_all_closed(sim) && sim_tasks_are_over(&sim->ends[0]) &&
           sim_tasks_are_over(&sim->ends[1]) && is_empty(&sim->ends[0]) && is_empty(&sim->ends[1]);
}

/* True if the server of @side's connection is gone, or never had room to keep it. */
static bool server_may_be_gone(const struct sim_side *side)
{
    const struct sim_scenario *s = &side->sim->scenario;
    const unsigned server = 1 - side->end;

    return s->unlisten_at_ms[server] > 0 && !side->peer->exists;
}

/* True if the clock leapt by more than a timeout. */
static bool clock_leapt(const struct sim *sim)
{
    return sim->scenario.jump_ms[0] > LEAP_MS || sim->scenario.jump_ms[1] > LEAP_MS;
}

static bool may_be_reset(const struct sim_side *side)
{
    const struct sim_side *peer = side->peer;
    const struct sim_scenario *s = &side->sim->scenario;
    const uint64_t wait_ns = 2 * s->msl_ms[0] * SIM_NS_PER_MS;

    if (side->violent || peer->violent || !peer->exists)
        return true;
    if (side->cookie_lost)
        return true;
    if (!peer->closed)
        return false;
    if (peer->why != LEAT_OK) /* an event after a reset is no reason for it */
        return peer->closed_ns <= side->closed_ns;
    /* our last FIN may be lost until TIME-WAIT is over. That ends early for lack of entries, with a
     * leap of the clock, or by a newer SYN from any sender (RFC 9293 3.10.7.4). Its program may
     * notice later */
    return peer->closed_ns > side->closed_ns || side->closed_ns - peer->closed_ns >= wait_ns ||
           s->jump_ms[peer->end] + s->time_wait[peer->end] > 0 ||
           side->sim->ends[peer->end].attack_count > 0;
}

/* True if there was a reason that nothing came through. Ends that come and go on a bad wire may
 * miss each other for as long as R2. */
static bool may_time_out(const struct sim_side *side)
{
    const struct sim_side *peer = side->peer;
    const struct sim_scenario *s = &side->sim->scenario;

    if (s->dry_poll[0] + s->dry_poll[1] > 0) /* one failed allocation ends nothing */
        return side->violent || peer->violent;
    return side->violent || peer->violent || side->pool_was_low || !peer->exists ||
           clock_leapt(side->sim) || s->time_wait[peer->end] > 0 ||
           (comes_and_goes(s, 0) && s->loss_per_m[0] + s->loss_per_m[1] > 0) ||
           (comes_and_goes(s, 1) && s->loss_per_m[0] + s->loss_per_m[1] > 0);
}

static bool outcome_is_right(const struct sim_side *side)
{
    const struct sim_side *peer = side->peer;

    if (side->why != LEAT_OK && sim_tls_has_trouble(side))
        return true;
    if (side->why == LEAT_OK)
        return peer->exists && (side->violent || (side->eof && side->read == peer->written));
    if (side->why == LEAT_ERR_ABORTED)
        return side->violent;
    if (side->why ==
        LEAT_ERR_MEMORY) /* evicted, because others needed the memory of a stalled connection */
        return side->sim->scenario.dry_poll[side->end] == 0 &&
               leat_stats(side->sim->ends[side->end].stack)->tcp_evicted +
                       leat_stats(side->sim->ends[side->end].stack)->tcp_displaced >
                   0;
    if (side->why == LEAT_ERR_RESET)
        return may_be_reset(side);
    if (side->why == LEAT_ERR_REFUSED)
        return peer->violent || server_may_be_gone(side) || (peer->closed && peer->why != LEAT_OK);
    /* the same, with a hint: an ICMP error, or ARP without an answer */
    if (side->why == LEAT_ERR_TIMEOUT ||
        (side->why == LEAT_ERR_UNREACHABLE && sim_has_faults(side->sim)))
        return may_time_out(side);
    return false;
}

/* If both ends closed in order, everything must have arrived. */
static void check_delivery(const struct sim_side *side)
{
    if (side->why == LEAT_OK && side->peer->why == LEAT_OK && !side->violent &&
        !side->peer->violent && !side->below.cut && !side->peer->below.cut &&
        (side->read != side->plan->bytes[1 - side->end] ||
         side->written != side->plan->bytes[side->end]))
        sim_fail(side->sim, "c%u end %u: closed in order, but read %llu bytes of %llu", side->pair,
                 side->end, (unsigned long long)side->read,
                 (unsigned long long)side->plan->bytes[1 - side->end]);
}

void sim_check_end(struct sim *sim)
{
    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        for (unsigned end = 0; end < 2; end++) {
            const struct sim_side *side = &sim->sides[i][end];

            if (side->exists && !outcome_is_right(side))
                sim_fail(sim, "c%u end %u: closed with \"%s\", without a reason", i, end,
                         leat_err_text(side->why));
            if (side->exists)
                check_delivery(side);
            sim_tls_check_end(side);
            if (side->lent > 0)
                sim_fail(sim, "c%u end %u: %llu pieces of lent memory were not given back", i, end,
                         (unsigned long long)side->lent);
        }
    }
}

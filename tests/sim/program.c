/* program.c -- the two programs: they connect, write, read, pause and end by their plans. */
#include <string.h>

#include "early.h"
#include "sim.h"
#include "tls.h"

static const uint64_t retry_ns = 5 * SIM_NS_PER_MS; /* the pool was empty */

/* ---- contents of the data ----------------------------------------------------------------- */

const uint8_t *sim_pattern(const struct sim *sim, unsigned pair, unsigned end, uint64_t offset)
{
    const uint64_t salt = pair * 7919u + end * 31337u;

    return sim->pattern + (salt + offset) % SIM_PATTERN_PERIOD;
}

void sim_side_wake_at(struct sim_side *side, uint64_t at_ns)
{
    if (at_ns < side->wake_ns)
        side->wake_ns = at_ns;
}

void sim_side_moved(struct sim_side *side)
{
    side->sim->progress_ns = side->sim->now_ns;
    side->sim->events++;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void released(void *arg)
{
    struct sim_side *side = arg;

    if (side->lent == 0)
        sim_fail(side->sim, "c%u end %u: memory was released twice", side->pair, side->end);
    side->lent--;
}

static enum leat_err write_copy(struct sim_side *side, const uint8_t *bytes, uint32_t *len)
{
    size_t taken = 0;
    const enum leat_err err = leat_stream_write(&side->stream, bytes, *len, &taken);

    if (taken > *len)
        sim_fail(side->sim, "c%u end %u: write() took more than it got", side->pair, side->end);
    side->full = taken < *len;
    *len = (uint32_t)taken;
    return err == LEAT_ERR_FULL ? LEAT_OK : err;
}

static enum leat_err write_buf(struct sim_side *side, const uint8_t *bytes, uint32_t *len)
{
    struct leat_pool *pool = leat_pool(side->sim->ends[side->end].stack);
    const bool lend = side->plan->how[side->end] == SIM_LEND;
    const uint64_t count = side->sim->scenario.bufs[side->end];
    struct leat_buf *buf;
    enum leat_err err;

    /* a well-behaved program leaves room to receive */
    if (!lend && leat_pool_free_count(pool) < count / 4 + *len / leat_pool_buf_bytes(pool) + 2) {
        sim_side_wake_at(side, side->sim->now_ns + retry_ns);
        *len = 0;
        return LEAT_OK;
    }
    buf =
        lend ? leat_buf_lend(pool, bytes, *len, released, side) : leat_buf_copy(pool, bytes, *len);
    if (!buf) {
        sim_side_wake_at(side, side->sim->now_ns + retry_ns);
        *len = 0;
        return LEAT_OK;
    }
    side->lent += lend;
    err = leat_stream_send(&side->stream, buf);
    if (err != LEAT_OK)
        *len = 0;
    side->full = err == LEAT_ERR_FULL;
    return err == LEAT_ERR_FULL ? LEAT_OK : err;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The bytes of one call. A buffer is taken whole or not at all, so it is no larger than the room
 * that on_writable promises, and that the pool can spare. */
uint32_t sim_side_chunk(const struct sim_side *side)
{
    const struct sim_scenario *s = &side->sim->scenario;
    const uint64_t left = side->plan->bytes[side->end] - side->written;
    const uint64_t pool = s->bufs[side->end] * s->buf_bytes[side->end] / 4;
    uint64_t len = least(least(left, side->plan->chunk[side->end]), SIM_PATTERN_RUN);

    if (side->plan->how[side->end] != SIM_WRITE)
        len = least(len, least(s->send_queue_bytes[side->end] / 2, pool));
    return (uint32_t)len;
}

/* Makes one call. False: no more now. */
bool sim_side_write_chunk(struct sim_side *side)
{
    struct sim *sim = side->sim;
    const struct sim_plan *plan = side->plan;
    uint32_t len = sim_side_chunk(side);
    const uint8_t *bytes = sim_pattern(sim, side->pair, side->end, side->written);
    enum leat_err err;

    if (len == 0 || side->full || side->ended || sim->now_ns < side->write_ns)
        return false;
    err = plan->how[side->end] == SIM_WRITE ? write_copy(side, bytes, &len)
                                            : write_buf(side, bytes, &len);
    if (err != LEAT_OK) {
        if (err != LEAT_ERR_CLOSED && err != LEAT_ERR_CLOSING)
            sim_fail(sim, "c%u end %u: write says %s", side->pair, side->end, leat_err_text(err));
        return false;
    }
    side->written += len;
    if (len == 0)
        return false;
    sim_side_moved(side);
    side->write_ns = sim->now_ns + plan->gap_us[side->end] * SIM_NS_PER_US;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

void sim_side_read(struct sim_side *side, const void *bytes, uint32_t len)
{
    const uint8_t *expected = sim_pattern(side->sim, side->pair, 1 - side->end, side->read);

    if (len > SIM_PATTERN_RUN || memcmp(bytes, expected, len) != 0)
        sim_fail(side->sim, "c%u end %u: wrong bytes between %llu and %llu", side->pair, side->end,
                 (unsigned long long)side->read, (unsigned long long)(side->read + len));
    side->read += len;
    if (side->read > side->peer->written + side->peer->early)
        sim_fail(side->sim, "c%u end %u: read %llu bytes, written were %llu", side->pair, side->end,
                 (unsigned long long)side->read,
                 (unsigned long long)(side->peer->written + side->peer->early));
}

static void give_back(struct sim_side *side)
{
    if (side->held && side->conn)
        leat_stream_consumed(&side->stream, side->held_bytes);
    leat_buf_free(side->held);
    side->held = 0;
    side->held_bytes = 0;
}

static void hold(struct sim_side *side, struct leat_buf *data, uint32_t len)
{
    if (side->held)
        leat_buf_append(side->held, data);
    else
        side->held = data;
    side->held_bytes += len;
    if (side->plan->hold_us[side->end] == 0) {
        give_back(side);
    } else if (side->held_bytes == len) {
        side->hold_ns = side->sim->now_ns + side->plan->hold_us[side->end] * SIM_NS_PER_US;
        sim_side_wake_at(side, side->hold_ns);
    }
}

static bool read_some(struct sim_side *side)
{
    struct sim *sim = side->sim;
    const struct sim_plan *plan = side->plan;
    struct leat_buf *payload;
    uint32_t len;

    if (sim->now_ns < side->read_ns || leat_stream_readable(&side->stream) == 0)
        return false;
    if (side->paused && plan->deaf[side->end])
        return false;
    if (!side->paused && (plan->pause_ms[side->end] > 0 || plan->deaf[side->end]) &&
        side->read >= plan->pause_at[side->end]) {
        side->paused = true;
        side->read_ns = sim->now_ns + plan->pause_ms[side->end] * SIM_NS_PER_MS;
        return false;
    }
    payload = leat_stream_receive(&side->stream, (uint32_t)plan->read_max[side->end]);
    len = leat_buf_total(payload);
    if (len == 0) { /* no descriptor to split a buffer with */
        side->read_ns = sim->now_ns + retry_ns;
        return false;
    }
    if (len > plan->read_max[side->end])
        sim_fail(sim, "c%u end %u: received more than asked for", side->pair, side->end);
    for (const struct leat_buf *piece = payload; piece; piece = piece->next)
        sim_side_read(side, piece->data, piece->len);
    hold(side, payload, len);
    sim_side_moved(side);
    side->read_ns = sim->now_ns + plan->read_gap_us[side->end] * SIM_NS_PER_US;
    return true;
}

/* ---- ending ------------------------------------------------------------------------------- */

void sim_side_end_violently(struct sim_side *side)
{
    const bool aborts = side->plan->end[side->end] == SIM_ABORT || sim_side_has_tasks(side);

    side->ended = side->violent = true;
    sim_say(side->sim, "c%u end %u: %s", side->pair, side->end, aborts ? "abort" : "early close");
    sim_side_moved(side);
    if (aborts)
        leat_stream_abort(&side->stream);
    else
        leat_stream_close(&side->stream);
}

static void end_in_order(struct sim_side *side)
{
    const uint64_t how = side->plan->end[side->end];
    const bool last = how == SIM_SHUTDOWN_LAST || how == SIM_CLOSE;

    if (side->written < side->plan->bytes[side->end] || (last && !side->eof))
        return;
    side->ended = true;
    sim_say(side->sim, "c%u end %u: %s", side->pair, side->end,
            how == SIM_CLOSE ? "close" : "shutdown");
    sim_side_moved(side);
    if (how == SIM_CLOSE)
        leat_stream_close(&side->stream);
    else
        leat_stream_shutdown(&side->stream);
}

/* True when a violent end is due: at a number of bytes, at a time, or in a poll. */
bool sim_side_has_enough(const struct sim_side *side)
{
    const struct sim_plan *plan = side->plan;
    const struct sim *sim = side->sim;
    const uint64_t at_ns = plan->end_at_ms[side->end] * SIM_NS_PER_MS;
    const uint64_t at_poll = plan->end_at_poll[side->end];

    if (at_ns > 0 || at_poll > 0)
        return (at_ns > 0 && sim->now_ns >= at_ns) ||
               (at_poll > 0 && sim->ends[side->end].polls + 1 >= at_poll);
    return plan->end[side->end] >= SIM_ABORT &&
           side->written + side->read >= plan->end_at[side->end];
}

void sim_side_maybe_end(struct sim_side *side)
{
    if (!side->violent && side->conn && sim_side_has_enough(side))
        sim_side_end_violently(side);
    else if (side->opened && !side->ended) /* in SYN-SENT it would be an abort (RFC 9293 3.10.4) */
        end_in_order(side);
}

/* ---- a turn of the program ---------------------------------------------------------------- */

static void wake_again(struct sim_side *side)
{
    const struct sim_plan *plan = side->plan;
    const uint64_t now_ns = side->sim->now_ns;
    const uint64_t end_ns = plan->end_at_ms[side->end] * SIM_NS_PER_MS;

    if (end_ns > now_ns)
        sim_side_wake_at(side, end_ns);
    if (side->held)
        sim_side_wake_at(side, side->hold_ns);
    if (side->read_ns > now_ns && leat_stream_readable(&side->stream) > 0 &&
        !(side->paused && plan->deaf[side->end]))
        sim_side_wake_at(side, side->read_ns);
    if (side->write_ns > now_ns && !side->full && side->written < plan->bytes[side->end])
        sim_side_wake_at(side, side->write_ns);
}

void sim_side_turn(struct sim_side *side)
{
    if (!side->conn)
        return;
    side->wake_ns = LEAT_NEVER_NS;
    if (side->held && side->hold_ns <= side->sim->now_ns)
        give_back(side);
    while (side->opened && sim_side_write_chunk(side))
        sim_side_maybe_end(side);
    while (read_some(side))
        sim_side_maybe_end(side);
    if (!side->eof && leat_stream_at_end(&side->stream)) {
        side->eof = true;
        sim_side_moved(side);
    }
    sim_side_maybe_end(side);
    wake_again(side);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct sim_side *side = arg;

    (void)conn;
    if (side->opened)
        sim_fail(side->sim, "c%u end %u: opened twice", side->pair, side->end);
    side->opened = true;
    sim_side_moved(side);
    sim_say(side->sim, "c%u end %u: open", side->pair, side->end);
    sim_early_opened(side);
    sim_side_turn(side);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    sim_side_turn(arg);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct sim_side *side = arg;

    (void)conn;
    side->full = false;
    side->sim->events++;
    sim_side_turn(side);
}

void sim_side_closed(struct sim_side *side, enum leat_err why)
{
    const struct sim_end *end = &side->sim->ends[side->end];

    if (side->closed)
        sim_fail(side->sim, "c%u end %u: closed twice", side->pair, side->end);
    if (why == LEAT_OK && !side->ended && !side->below.cut)
        sim_fail(side->sim, "c%u end %u: closed in order, but our side is open", side->pair,
                 side->end);
    side->closed = true;
    side->why = why;
    side->closed_ns = side->sim->now_ns;
    side->pool_was_low = sim_pool_is_low(end) || end->pool_was_low;
    side->wake_ns = LEAT_NEVER_NS;
    side->conn = 0;
    sim_tls_ended(side);
    give_back(side);
    sim_side_moved(side);
    sim_say(side->sim, "c%u end %u: closed: %s; written %llu, read %llu", side->pair, side->end,
            leat_err_text(why), (unsigned long long)side->written, (unsigned long long)side->read);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct sim_side *side = arg;

    if (conn != side->conn)
        sim_fail(side->sim, "c%u end %u: closed, but it has another", side->pair, side->end);
    if (!side->eof && leat_stream_at_end(&side->stream))
        side->eof = true;
    sim_side_closed(side, why);
}

const struct leat_tcp_events sim_program_events = {.on_open = on_open,
                                                   .on_readable = on_readable,
                                                   .on_writable = on_writable,
                                                   .on_closed = on_closed};

const struct leat_tcp_events sim_only_closed = {.on_closed = on_closed};

/* ---- a poll of its machine ---------------------------------------------------------------- */

/* True if the program must end in this poll. */
static bool ends_now(const struct sim_side *side)
{
    const uint64_t at_poll = side->plan->end_at_poll[side->end];

    return side->conn && at_poll > 0 && side->sim->ends[side->end].polls + 1 == at_poll;
}

bool sim_program_wake(struct sim_end *end)
{
    struct sim *sim = end->sim;
    bool did = sim_server_wake(end);

    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        struct sim_side *side = &sim->sides[i][end->index];

        if (side->wake_ns > sim->now_ns && !ends_now(side))
            continue;
        did = true;
        if (!side->exists)
            sim_side_open(side);
        else if (!sim_side_has_tasks(side))
            sim_side_turn(side);
    }
    return did;
}

uint64_t sim_program_next_ns(const struct sim_end *end)
{
    const struct sim *sim = end->sim;
    uint64_t next_ns = sim_server_next_ns(end);

    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        const struct sim_side *side = &sim->sides[i][end->index];

        if (side->wake_ns < next_ns)
            next_ns = side->wake_ns;
    }
    return next_ns;
}

/*
 * talk.c -- a program that consists of tasks, and its connection.
 *
 * Each side is two tasks: one reads, and its child writes. The seed draws which waits are
 * cancelled, which have a deadline of milliseconds, and which call reads. A program that was
 * cancelled aborts. If a read was too late, it reads again; if a write was too late, it aborts,
 * because it can't know how much was written.
 */
#include "tasks.h"

#include "tls.h"

enum {
    READ_BYTES = 2048, /* into memory at a time */
    DEADLINE_MAX_US = 20000
};

/* ---- waits -------------------------------------------------------------------------------- */

uint64_t sim_talk_deadline_ns(const struct sim_side *side, const struct leat_task *task)
{
    const uint64_t end_ns = side->plan->end_at_ms[side->end] * SIM_NS_PER_MS;
    const uint64_t now_ns = side->sim->now_ns;
    struct sim_random *random = &sim_tasks_of(side)->random;
    uint64_t in_ns = LEAT_NEVER_NS;

    if (end_ns > 0)
        in_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    if (sim_chance(random, side->sim->scenario.deadline_per_m[side->end])) {
        const uint64_t short_ns = sim_random_between(random, 0, DEADLINE_MAX_US) * SIM_NS_PER_US;

        in_ns = short_ns < in_ns ? short_ns : in_ns;
    }
    return in_ns == LEAT_NEVER_NS ? LEAT_NEVER_NS : leat_task_in(task, in_ns);
}

/* LEAT_ERR_ABORTED: the plan wants a violent end. */
static enum leat_err after(struct sim_side *side, enum leat_err err)
{
    if (err == LEAT_ERR_TIMEOUT && side->flow.stream.end)
        sim_tasks_of(side)->waits.timeouts++;
    if (sim_side_has_enough(side))
        side->enough = true;
    return side->enough ? LEAT_ERR_ABORTED : err;
}

enum leat_err sim_talk_pause(struct leat_task *task, uint64_t ns)
{
    return ns > 0 ? leat_task_sleep(task, leat_task_in(task, ns)) : LEAT_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Writes the next @len bytes by the plan's kind of call. */
static enum leat_err write_piece(struct sim_side *side, const struct leat_task *task, uint32_t len)
{
    const uint8_t *bytes = sim_pattern(side->sim, side->pair, side->end, side->written);
    struct leat_pool *pool = leat_pool(side->sim->ends[side->end].stack);
    const uint64_t deadline_ns = sim_talk_deadline_ns(side, task);
    struct leat_buf *data = NULL;
    enum leat_err err;

    if (side->plan->how[side->end] == SIM_SEND) {
        data = leat_buf_copy(pool, bytes, len);
        if (!data)
            return LEAT_ERR_FULL;
    }
    side->written += len; /* or soon: the wire may see it before the call ends */
    side->partial = true;
    if (data)
        err = leat_flow_send(&side->flow, data, deadline_ns);
    else if (side->plan->how[side->end] == SIM_LEND)
        err = leat_flow_lend(&side->flow, bytes, len, deadline_ns);
    else
        err = leat_flow_write(&side->flow, bytes, len, deadline_ns);
    side->partial = err != LEAT_OK;
    return err;
}

static enum leat_err write_all(struct leat_task *task, struct sim_side *side)
{
    const uint64_t gap_ns = side->plan->gap_us[side->end] * SIM_NS_PER_US;
    enum leat_err err = after(side, LEAT_OK);

    for (uint32_t len; !err && (len = sim_side_chunk(side)) > 0;) {
        err = write_piece(side, task, len);
        if (err == LEAT_ERR_FULL) { /* no buffer is free */
            err = sim_talk_pause(task, 5 * SIM_NS_PER_MS);
            continue;
        }
        sim_side_moved(side);
        err = after(side, err);
        if (!err)
            err = sim_talk_pause(task, gap_ns);
    }
    return err;
}

/* The first reason counts: later ones are only cancellations. */
static void give_up(struct sim_side *side, enum leat_err err)
{
    if (!side->gave_up)
        side->gave_up = err;
    leat_task_cancel(side->task);
}

/* The child. If it fails, its parent gives up too. */
static enum leat_err writes(struct leat_task *task, void *arg)
{
    struct sim_side *side = arg;
    enum leat_err err = write_all(task, side);

    if (!err && side->plan->end[side->end] == SIM_SHUTDOWN) {
        side->ended = true;
        sim_say(side->sim, "c%u end %u: finish", side->pair, side->end);
        err = leat_flow_finish(&side->flow);
    }
    if (err)
        give_up(side, err);
    return err;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Reads buffers, which are held for a while. */
static enum leat_err read_buffers(struct sim_side *side, struct leat_task *task)
{
    struct leat_buf *payload;
    enum leat_err err = leat_flow_read(&side->flow, &payload, sim_talk_deadline_ns(side, task));

    if (err)
        return err;
    for (const struct leat_buf *piece = payload; piece; piece = piece->next)
        sim_side_read(side, piece->data, piece->len);
    err = sim_talk_pause(task, side->plan->hold_us[side->end] * SIM_NS_PER_US);
    leat_buf_free(payload);
    return err;
}

/* Reads into memory: any bytes, a number of them, or up to a delimiter. */
static enum leat_err read_bytes(struct sim_side *side, const struct leat_task *task)
{
    const uint64_t read_max = side->plan->read_max[side->end];
    const uint64_t size = read_max < READ_BYTES ? read_max : READ_BYTES;
    const uint64_t under_way = side->peer->written - side->read; /* these come, or an error */
    const uint64_t exact = under_way < size ? under_way : size;
    const uint64_t deadline_ns = sim_talk_deadline_ns(side, task);
    /* a side that ends at a byte can't wait for more */
    const bool is_patient = side->plan->end[side->end] < SIM_ABORT;
    uint8_t bytes[READ_BYTES];
    size_t len = 0;
    enum leat_err err;

    switch (is_patient ? sim_random_between(&sim_tasks_of(side)->random, 0, 2) : 1) {
    case 0:
        if (exact > 0 && deadline_ns == LEAT_NEVER_NS) { /* a deadline would lose received bytes */
            err = leat_flow_read_exact(&side->flow, bytes, exact, deadline_ns);
            len = err ? 0 : exact;
            break;
        } /* fall through */
    case 1:
        err = leat_flow_read_some(&side->flow, bytes, size, &len, deadline_ns);
        break;
    default:
        err = leat_flow_read_until(&side->flow, '\n', bytes, size, &len, deadline_ns);
        if (err == LEAT_ERR_TOO_BIG)
            err = LEAT_OK;
        break;
    }
    sim_side_read(side, bytes, (uint32_t)len);
    return err;
}

static enum leat_err read_piece(struct leat_task *task, struct sim_side *side)
{
    const struct sim_plan *plan = side->plan;
    enum leat_err err = LEAT_OK;

    if (!side->paused && (plan->pause_ms[side->end] > 0 || plan->deaf[side->end]) &&
        side->read >= plan->pause_at[side->end]) {
        side->paused = true;
        err = plan->deaf[side->end]
                  ? leat_task_sleep(task, sim_talk_deadline_ns(side, task))
                  : sim_talk_pause(task, plan->pause_ms[side->end] * SIM_NS_PER_MS);
    }
    if (!err && (plan->hold_us[side->end] > 0 || plan->read_max[side->end] > READ_BYTES))
        err = read_buffers(side, task);
    else if (!err)
        err = read_bytes(side, task);
    return after(side, err);
}

/* Reads to the end of the peer's data. */
static enum leat_err reads(struct leat_task *task, struct sim_side *side)
{
    const uint64_t gap_ns = side->plan->read_gap_us[side->end] * SIM_NS_PER_US;
    enum leat_err err = LEAT_OK;

    while (!err) {
        err = read_piece(task, side);
        sim_side_moved(side);
        if (err == LEAT_ERR_TIMEOUT && side->flow.stream.end)
            err = LEAT_OK; /* it was only the deadline */
        else if (!err)
            err = sim_talk_pause(task, gap_ns);
    }
    side->eof = side->eof || err == LEAT_ERR_END;
    return err == LEAT_ERR_END ? LEAT_OK : err;
}

/* ---- a side ------------------------------------------------------------------------------- */

/* True if the program may give up because of @why, in any state of its connection. */
static bool may_give_up(const struct sim_side *side, enum leat_err why)
{
    if (sim_tls_has_trouble(side))
        return true;
    if (why == LEAT_ERR_CANCELLED)
        return leat_task_is_cancelled(side->task);
    if (why == LEAT_ERR_TIMEOUT)
        return side->sim->scenario.deadline_per_m[side->end] > 0;
    return (why == LEAT_ERR_ABORTED && side->enough) ||
           (why == LEAT_ERR_MEMORY && sim_tasks_of(side)->waits.no_place > 0);
}

/* The flow is closed or aborted; the connection reports its own end from now on. */
static void let_go(struct sim_side *side, enum leat_err err)
{
    const struct leat_stream stream = side->flow.stream;
    const bool gives_up = err && may_give_up(side, side->gave_up);
    const bool in_order =
        !err || (side->enough && !side->partial && side->plan->end[side->end] == SIM_CLOSE_EARLY);

    if (!stream.end && !side->closed)
        sim_side_closed(side, side->flow.why);
    if (stream.end && err && !gives_up)
        sim_fail(side->sim, "c%u end %u: a wait returned \"%s\", without a reason", side->pair,
                 side->end, leat_err_text(side->gave_up));
    side->ended = true;
    side->violent = side->violent || gives_up;
    side->flows = false;
    sim_say(side->sim, "c%u end %u: %s: %s", side->pair, side->end, in_order ? "close" : "abort",
            leat_err_text(err));
    sim_side_moved(side);
    if (in_order)
        leat_flow_close(&side->flow);
    else
        leat_flow_abort(&side->flow);
    if (stream.end)
        leat_stream_set_events(&stream, &sim_only_closed, side);
}

enum leat_err sim_talk(struct leat_task *task, struct sim_side *side)
{
    struct sim_tasks *tasks = sim_tasks_of(side);
    struct leat_task *writer;
    enum leat_err err, written = LEAT_OK;

    side->opened = true;
    side->task = task;
    err = leat_task_start(tasks->tasks, "writer", writes, side, &writer);
    tasks->waits.no_place += err == LEAT_ERR_MEMORY;
    if (!err) {
        err = reads(task, side);
        if (err)
            give_up(side, err);
        leat_task_join(task, writer, &written, LEAT_NEVER_NS);
        err = err ? err : written;
    } else {
        side->gave_up = err;
    }
    let_go(side, err);
    side->task = NULL;
    return err;
}

/*
 * tasks.c -- the programs of an end as tasks: their start, and their end.
 *
 * After each poll the flow tells the state of its connection and, once it is closed, the connection
 * itself does. So the checks know of each end when it comes, as with callbacks.
 */
#include "tasks.h"

#include <stdlib.h>

#include "early.h"
#include "tls.h"

/* A sanitizer needs larger stack frames. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define STACK_BYTES 65536u
#else
#define STACK_BYTES 16384u
#endif

/* Called before each wait. */
static bool interrupt(const struct leat_task *task, void *arg)
{
    struct sim_end *end = arg;
    const struct sim_scenario *s = &end->sim->scenario;
    struct sim_tasks *tasks = end->tasks;

    end->sim->events++;
    tasks->waits.count++;
    if (tasks->waits.count != s->cancel_wait[end->index] &&
        !sim_chance(&tasks->random, s->cancel_per_m[end->index]))
        return false;
    tasks->waits.cancelled++;
    sim_say(end->sim, "end %u: wait %llu, of a %s, is cancelled", end->index,
            (unsigned long long)tasks->waits.count, leat_task_name(task));
    return true;
}

/* ---- a session on the connection of a flow -------------------------------------------------- */

static void on_session_open(struct leat_tcp *conn, void *arg)
{
    struct sim_side *side = arg;

    (void)conn;
    side->opened = true;
    sim_side_moved(side);
    sim_say(side->sim, "c%u end %u: open", side->pair, side->end);
    sim_early_opened(side);
}

static void on_session_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    sim_only_closed.on_closed(conn, why, arg);
}

static const struct leat_tcp_events until_open = {.on_open = on_session_open,
                                                  .on_closed = on_session_closed};

/* A flow takes over a stream that is open. */
static enum leat_err await_open(struct leat_task *task, struct sim_side *side)
{
    enum leat_err err = LEAT_OK;

    leat_stream_set_events(&side->stream, &until_open, side);
    while (!err && !side->opened && !side->closed)
        err = sim_talk_pause(task, SIM_NS_PER_MS);
    if (side->closed)
        return LEAT_ERR_CLOSED;
    if (err)
        sim_side_end_violently(side);
    return err;
}

/* The side's flow has a connection: begins a session on it, if the plan has one. */
static enum leat_err encrypt(struct leat_task *task, struct sim_side *side)
{
    enum leat_err err;

    side->stream = side->flow.stream;
    if (!sim_tls_is_on(side))
        return LEAT_OK;
    side->flow.stream.end = NULL;
    side->flows = false;
    leat_flow_close(&side->flow);
    if (!sim_tls_begin(side))
        return LEAT_ERR_MEMORY;
    err = await_open(task, side);
    if (!err) {
        leat_flow_open(&side->flow, task, &side->stream);
        side->flows = true;
    }
    return err;
}

/* ---- start of a program ------------------------------------------------------------------- */

/* It could not connect; @ours: it stopped waiting. */
static enum leat_err never_was(struct sim_side *side, enum leat_err err, bool ours)
{
    side->exists = true;
    side->ended = side->violent = ours;
    if (!side->closed)
        sim_side_closed(side, ours ? LEAT_ERR_ABORTED : err);
    return err;
}

static enum leat_err connects(struct leat_task *task, void *arg)
{
    struct sim_side *side = arg;
    struct sim_end *end = &side->sim->ends[side->end];
    struct leat_endpoint local, remote;
    uint64_t deadline_ns;
    enum leat_err err;

    sim_side_ends(side, &local, &remote);
    do {
        deadline_ns = sim_talk_deadline_ns(side, task);
        side->flows = true;
        err = leat_flow_connect_from(&side->flow, task, &remote, &local, deadline_ns);
        side->flows = false;
        if (err != LEAT_ERR_MEMORY || side->closed || !sim_may_lack(side->sim, side->end))
            break;
        end->connects_refused++;
        err = sim_talk_pause(task, 100 * SIM_NS_PER_MS);
    } while (!err);
    if (err)
        return never_was(side, err,
                         err == LEAT_ERR_CANCELLED ||
                             (err == LEAT_ERR_TIMEOUT && deadline_ns != LEAT_NEVER_NS));
    side->flows = true;
    side->exists = true;
    side->conn = leat_stream_tcp(&side->flow.stream);
    sim_side_set_options(side);
    sim_say(side->sim, "c%u end %u: open", side->pair, side->end);
    err = encrypt(task, side);
    return err ? err : sim_talk(task, side);
}

/* A connection that a listener's callback has accepted. */
static enum leat_err accepted(struct leat_task *task, void *arg)
{
    struct sim_side *side = arg;
    enum leat_err err = sim_tls_is_on(side) ? await_open(task, side) : LEAT_OK;

    if (err || !side->conn)
        return err ? err : LEAT_ERR_CLOSED;
    leat_flow_open(&side->flow, task, &side->stream);
    side->flows = true;
    return sim_talk(task, side);
}

/* A connection of the service. The side's flow takes the stream over, to exist until the connection
 * reports its end. */
static enum leat_err serve(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct sim_end *end = arg;
    struct sim *sim = end->sim;
    struct leat_tcp_info info;
    struct sim_side *side;
    enum leat_err err;
    unsigned pair;

    leat_tcp_get_info(leat_stream_tcp(&flow->stream), &info);
    pair = info.remote.port - SIM_PORT_ACTIVE;
    if (pair >= sim->scenario.pairs[0] || sim->sides[pair][end->index].exists)
        return LEAT_ERR_ABORTED; /* as in server.c */
    side = &sim->sides[pair][end->index];
    leat_flow_open(&side->flow, task, &flow->stream);
    flow->stream.end = NULL;
    side->flows = true;
    sim_side_accepted(side, leat_stream_tcp(&side->flow.stream));
    err = encrypt(task, side);
    return err ? err : sim_talk(task, side);
}

/* ---- called by other files ---------------------------------------------------------------- */

bool sim_tasks_start(struct sim_side *side)
{
    struct sim_tasks *tasks = sim_tasks_of(side);
    const bool has_conn = side->conn != NULL;

    if (leat_task_start(tasks->tasks, has_conn ? "server" : "client",
                        has_conn ? accepted : connects, side, NULL)) {
        tasks->waits.no_place++;
        return false;
    }
    return true;
}

void sim_tasks_look(struct sim_end *end)
{
    struct sim *sim = end->sim;

    for (unsigned i = 0; end->tasks && i < sim->scenario.pairs[0]; i++) {
        struct sim_side *side = &sim->sides[i][end->index];

        if (!side->flows || side->closed)
            continue;
        if (side->flow.stream.end) {
            side->exists = true;
            if (!side->flow.stream.ops)
                side->conn = leat_stream_tcp(&side->flow.stream);
        } else if (side->exists) {
            sim_side_closed(side, side->flow.why);
        }
    }
}

uint32_t sim_tasks_held_bytes(const struct sim_side *side)
{
    return side->flows ? leat_buf_total(side->flow.unread) + side->flow.unconsumed : 0;
}

bool sim_tasks_are_over(const struct sim_end *end)
{
    const struct leat_tasks_counts *counts;

    if (!end->tasks)
        return true;
    counts = leat_tasks_counts(end->tasks->tasks);
    return counts->started == counts->ended;
}

bool sim_tasks_serve(const struct sim_end *end)
{
    return end->tasks && end->sim->scenario.serve[end->index] > 0;
}

struct sim_waits sim_tasks_waits(const struct sim_end *end)
{
    return end->tasks ? end->tasks->waits : (struct sim_waits){0};
}

void sim_tasks_open(struct sim_end *end)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const struct leat_tasks_config config = {.tasks = (uint32_t)s->tasks[end->index],
                                             .stack_bytes = STACK_BYTES,
                                             .interrupt = interrupt,
                                             .arg = end};
    const size_t bytes = leat_tasks_memory_bytes(&config);
    struct sim_tasks *tasks;

    if (s->tasks[end->index] == 0)
        return;
    tasks = calloc(1, sizeof *tasks);
    if (!tasks || !(tasks->memory = malloc(bytes)))
        abort();
    end->tasks = tasks;
    tasks->random.state = s->seed ^ (0x7461736b + end->index);
    tasks->service = (struct leat_service){
        .listen = {.port = SIM_PORT_LISTEN, .backlog = (uint16_t)s->backlog[end->index]},
        .name = "service",
        .serve = serve,
        .arg = end,
        .at_once = true};
    if (leat_tasks_open(&tasks->tasks, end->stack, tasks->memory, bytes, &config) ||
        (sim_tasks_serve(end) && leat_task_serve(tasks->tasks, &tasks->service)))
        sim_fail(end->sim, "end %u: no room for tasks", end->index);
}

void sim_tasks_close(struct sim_end *end)
{
    if (!end->tasks)
        return;
    if (end->tasks->tasks)
        leat_tasks_close(end->tasks->tasks);
    free(end->tasks->memory);
    free(end->tasks);
    end->tasks = NULL;
}

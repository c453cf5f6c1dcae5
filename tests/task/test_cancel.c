/*
 * test_cancel.c -- cancels each wait of a program once, as other tests let each allocation fail.
 *
 * The program uses everything that can wait: a service, a flow that a child writes to, lines,
 * lookups, datagrams, an acceptor, channels. A run with the same seed is repeated with the 1st,
 * 2nd, 3rd ... wait of either end cancelled, until a run has fewer. After each run all tasks have
 * ended, no buffer is missing and all packets are counted (tear_down()).
 *
 * Further runs have a lossy wire and several cancelled waits, chosen by a seed. The same seed gives
 * the same frames at the same times.
 */
#include "task_test.h"

enum {
    DATA_BYTES = 20000,
    RUNS_MAX = 2000,
    SEEDS = 50
};

static const char data[DATA_BYTES];

/* The waits to be cancelled. */
struct plan {
    unsigned wait;  /* counted from 1 over both ends; 0: none */
    unsigned waits; /* number of waits so far */
    bool cancelled;
    uint64_t
        random; /* 0: only `wait`; else each wait is cancelled with a probability of 1/one_in */
    unsigned one_in;
    uint64_t trace; /* of all frames and their times */
};

/* xorshift64 (Marsaglia 2003) */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool interrupt(const struct leat_task *task, void *arg)
{
    struct plan *plan = arg;

    (void)task;
    plan->waits++;
    if (plan->random ? next_random(&plan->random) % plan->one_in != 0 : plan->waits != plan->wait)
        return false;
    plan->cancelled = true;
    return true;
}

static enum leat_err writes(struct leat_task *task, void *arg)
{
    struct leat_flow *flow = arg;
    enum leat_err err = leat_flow_write(flow, "a line\n", 7, LEAT_NEVER_NS);

    (void)task;
    if (!err)
        err = leat_flow_write(flow, data, DATA_BYTES, LEAT_NEVER_NS);
    if (!err)
        err = leat_flow_lend(flow, data, DATA_BYTES, LEAT_NEVER_NS);
    return err ? err : leat_flow_finish(flow);
}

/* Has a deadline, because a cancelled writer never ends the stream. */
static enum leat_err reads(struct leat_task *task, struct leat_flow *flow)
{
    const uint64_t deadline_ns = leat_task_in(task, 100 * second);
    enum leat_err err;
    char line[16];
    size_t len;

    err = leat_flow_read_until(flow, '\n', line, sizeof line, &len, deadline_ns);
    while (!err)
        err = leat_flow_read_some(flow, line, sizeof line, &len, deadline_ns);
    return err == LEAT_ERR_END ? LEAT_OK : err;
}

static enum leat_err talks_by_tcp(struct leat_task *task)
{
    struct leat_task *writer;
    struct leat_flow flow;
    enum leat_err err = leat_flow_connect(&flow, task, &served_at, leat_task_in(task, 9 * second));

    if (err)
        return err;
    err = leat_task_start(flow.tasks, "writer", writes, &flow, &writer);
    if (!err) {
        enum leat_err written;

        err = reads(task, &flow);
        if (err)
            leat_task_cancel(writer);
        leat_task_join(task, writer, &written,
                       LEAT_NEVER_NS); /* it must not use the flow any more */
        err = err ? err : written;
    }
    leat_flow_close(&flow);
    return err;
}

/* Two tasks with a channel of one place between them. */
static enum leat_err sends_items(struct leat_task *task, void *arg)
{
    struct leat_channel *channel = arg;
    enum leat_err err = LEAT_OK;

    (void)task;
    for (unsigned i = 0; i < 3 && !err; i++)
        err = leat_channel_send(channel, channel, LEAT_NEVER_NS);
    leat_channel_close(channel);
    return err;
}

static enum leat_err talks_by_channel(struct leat_task *task)
{
    struct leat_channel channel;
    struct leat_task *sender;
    void *items[1], *item;
    enum leat_err err, sent;

    leat_channel_open(&channel, leat_task_tasks(task), items, 1);
    err = leat_task_start(leat_task_tasks(task), "sender", sends_items, &channel, &sender);
    if (err)
        return err;
    while (!(err = leat_channel_receive(&channel, &item, LEAT_NEVER_NS))) {
    }
    if (err != LEAT_ERR_END)
        leat_task_cancel(sender);
    leat_task_join(task, sender, &sent, LEAT_NEVER_NS);
    return err == LEAT_ERR_END ? sent : err;
}

/* An acceptor, a connection to it from the same stack, and datagrams to itself. */
static enum leat_err accepts(struct leat_task *task, void *arg)
{
    struct leat_flow flow;
    const enum leat_err err = leat_flow_accept(&flow, arg, leat_task_in(task, 5 * second));

    if (!err)
        leat_flow_close(&flow);
    return err;
}

static enum leat_err talks_to_itself(struct leat_task *task)
{
    const struct leat_endpoint own = {.ip = CLIENT_IP, .port = PORT};
    const struct leat_tcp_listen_config listen = {.port = PORT};
    struct leat_acceptor acceptor;
    struct leat_task *child;
    struct leat_flow flow;
    enum leat_err err = leat_acceptor_open(&acceptor, leat_task_tasks(task), &listen), accepted;

    assert_int_equal(err, LEAT_OK);
    err = leat_task_start(leat_task_tasks(task), "accepts", accepts, &acceptor, &child);
    if (!err) {
        err = leat_flow_connect(&flow, task, &own, leat_task_in(task, second));
        if (err)
            leat_task_cancel(child);
        else
            leat_flow_close(&flow);
        leat_task_join(task, child, &accepted, LEAT_NEVER_NS);
        err = err ? err : accepted;
    }
    leat_acceptor_close(&acceptor);
    return err;
}

static enum leat_err talks_by_udp(struct leat_task *task)
{
    struct leat *stack = leat_tasks_stack(leat_task_tasks(task));
    const struct leat_endpoint own = {.ip = CLIENT_IP, .port = PORT};
    struct leat_datagram places[1], datagram;
    struct leat_mailbox mailbox;
    enum leat_err err = leat_mailbox_open(&mailbox, leat_task_tasks(task), places, 1);

    if (err)
        return err;
    assert_int_equal(leat_udp_bind(mailbox.udp, LEAT_IP4_ANY, PORT), LEAT_OK);
    leat_udp_send_to(mailbox.udp, leat_buf_copy(leat_pool(stack), "x", 1), &own);
    err = leat_mailbox_receive(&mailbox, &datagram, LEAT_NEVER_NS);
    if (!err)
        leat_buf_free(datagram.payload);
    leat_mailbox_close(&mailbox);
    return err;
}

/* There is no such server, so that the lookup waits. */
static enum leat_err asks_in_vain(struct leat_task *task)
{
    const struct leat_resolver_config config = {.servers = {{.ip = LEAT_IP4(10, 0, 0, 77)}},
                                                .server_count = 1};
    static char memory[1 << 19];
    struct leat_resolver *resolver;
    struct leat_endpoint ends[1];
    enum leat_err err;
    unsigned count;

    assert_int_equal(leat_resolver_open(&resolver, leat_tasks_stack(leat_task_tasks(task)), memory,
                                        sizeof memory, &config),
                     LEAT_OK);
    err = leat_task_resolve(task, resolver, "a.test", 1, ends, 1, &count, leat_task_in(task, ms));
    leat_resolver_close(resolver);
    return err == LEAT_ERR_TIMEOUT ? LEAT_OK : err;
}

static enum leat_err program(struct leat_task *task, void *arg)
{
    static enum leat_err (*const parts[])(struct leat_task *) = {
        talks_by_tcp, talks_by_channel, talks_to_itself, talks_by_udp, asks_in_vain};
    enum leat_err err = leat_task_yield(task);

    (void)arg;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts && !err; i++)
        err = parts[i](task);
    return err ? err : leat_task_sleep(task, leat_task_in(task, second));
}

/* FNV-1a. */
static void note_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    struct plan *plan = arg;
    uint64_t hash = (plan->trace ^ now_ns ^ (unsigned)from_end) * UINT64_C(1099511628211);

    for (uint32_t i = 0; i < len; i++)
        hash = (hash ^ frame[i]) * UINT64_C(1099511628211);
    plan->trace = hash;
}

/* Runs the program once. Returns its result. */
static enum leat_err run_once(struct plan *plan, uint32_t loss_per_m)
{
    static struct leat_service service;
    const struct leat_tasks_config config = {
        .tasks = TASKS, .stack_bytes = STACK_BYTES, .interrupt = interrupt, .arg = plan};
    struct fixture *f;
    enum leat_err err;
    void *state;

    set_up(&state);
    f = state;
    for (int end = 0; end < 2; end++) {
        close_tasks(f, end);
        open_tasks(f, end, &config);
    }
    if (loss_per_m > 0)
        world_spoil(f->world, loss_per_m);
    leat_link_set_tap(f->world->link, note_frame, plan);
    service = (struct leat_service){.listen = {.port = PORT}, .name = "echo", .serve = echo_flow};
    assert_int_equal(leat_task_serve(f->tasks[SERVER], &service), LEAT_OK);
    err = run_task(f, program, 1000 * second);
    tear_down(&state);
    return err;
}

/* Runs the program with one wait cancelled. False: it had fewer waits. */
static bool run_with_one(unsigned wait)
{
    struct plan plan = {.wait = wait};
    const enum leat_err err = run_once(&plan, 0);

    if (!plan.cancelled)
        assert_int_equal(err, LEAT_OK);
    else
        assert_true(err == LEAT_OK || err == LEAT_ERR_CANCELLED || err == LEAT_ERR_RESET ||
                    err == LEAT_ERR_ABORTED || err == LEAT_ERR_TIMEOUT);
    return plan.cancelled;
}

static void every_wait_is_cancelled_once(void **state)
{
    unsigned wait = 1;

    (void)state;
    assert_false(run_with_one(0));
    while (wait < RUNS_MAX && run_with_one(wait))
        wait++;
    assert_in_range(wait, 30, RUNS_MAX - 1);
    print_message("%u waits\n", wait - 1);
}

static void a_seed_cancels_and_says_what_happens(void **state)
{
    unsigned cancelled = 0;

    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        const uint32_t loss_per_m = 1000 * (seed % 40 + 1);
        const struct plan begin = {.random = seed * UINT64_C(0x9e3779b97f4a7c15),
                                   .one_in = 10 + 20 * (seed % 8)};
        struct plan first = begin, again = begin;
        const enum leat_err err = run_once(&first, loss_per_m);

        assert_int_equal(run_once(&again, loss_per_m), err);
        assert_true(first.trace == again.trace && first.waits == again.waits);
        cancelled += first.cancelled;
        if (!first.cancelled)
            assert_true(err == LEAT_OK || err == LEAT_ERR_TIMEOUT);
    }
    assert_in_range(cancelled, SEEDS / 2, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_wait_is_cancelled_once),
                                       cmocka_unit_test(a_seed_cancels_and_says_what_happens)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_shares.c -- evictions of tasks by shares of addresses, when all tasks are taken. */
#include "task/tasks.h"
#include "task_test.h"

enum {
    PLACES = 4,
    CROWD = 24,
    ADDRESSES = 3 /* further addresses of the client */
};

/* A connection to the service. */
struct stranger {
    struct leat_tcp *conn;
    unsigned closed;
    enum leat_err why;
    size_t have;
    char bytes[64];
};

static struct stranger crowd[CROWD];
static struct leat_service service;
static unsigned serving, writers, cancelled;
static const struct leat_task *last_task; /* that has begun */

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct stranger *stranger = arg;
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    stranger->have += leat_buf_read(data, 0, stranger->bytes + stranger->have,
                                    (uint32_t)(sizeof stranger->bytes - stranger->have));
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct stranger *stranger = arg;

    (void)conn;
    stranger->closed++;
    stranger->why = why;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

/* ---- The service ----------------------------------------------------------------------------- */

static enum leat_err write_nothing(struct leat_task *task, void *arg)
{
    (void)arg;
    writers++;
    leat_task_sleep(task, LEAT_NEVER_NS);
    writers--;
    return LEAT_OK;
}

/* Echoes; has a child, as the writers of chat do. */
static enum leat_err serve(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct leat_task *child = NULL;
    struct leat_buf *data;
    enum leat_err err;

    serving++;
    last_task = task;
    if (arg && leat_task_start(flow->tasks, "child", write_nothing, NULL, &child))
        child = NULL;
    while (!(err = leat_flow_read(flow, &data, LEAT_NEVER_NS)))
        if ((err = leat_flow_send(flow, data, LEAT_NEVER_NS)))
            break;
    cancelled += err == LEAT_ERR_CANCELLED;
    if (child) {
        leat_task_cancel(child);
        leat_task_join(task, child, NULL, LEAT_NEVER_NS);
    }
    serving--;
    return err;
}

static void begin_with(struct fixture *f, const struct leat_tasks_config *config, bool displace,
                       void *children)
{
    struct leat *client = f->world->stacks[CLIENT];

    memset(crowd, 0, sizeof crowd);
    serving = writers = cancelled = 0;
    close_tasks(f, SERVER);
    open_tasks(f, SERVER, config);
    service = (struct leat_service){.listen = {.port = PORT, .displace = displace},
                                    .name = "served",
                                    .serve = serve,
                                    .arg = children};
    assert_int_equal(leat_task_serve(f->tasks[SERVER], &service), LEAT_OK);
    for (uint8_t i = 1; i <= ADDRESSES; i++)
        assert_int_equal(leat_address_add(client, leat_link_end(f->world->link, CLIENT),
                                          LEAT_IP4(10, 0, 0, 100 + i), 24),
                         LEAT_OK);
    world_wait(f->world, 10 * second); /* announcements */
}

static void begin(struct fixture *f, uint32_t tasks, bool displace, void *children)
{
    begin_with(
        f,
        &(struct leat_tasks_config){.tasks = tasks, .waiting = PLACES, .stack_bytes = STACK_BYTES},
        displace, children);
}

static const struct leat_tasks_counts *counts(const struct fixture *f)
{
    return leat_tasks_counts(f->tasks[SERVER]);
}

/* One of the crowd connects from an address of the client, and sends @text. */
static struct stranger *come(struct fixture *f, unsigned i, uint8_t from, const char *text)
{
    const struct leat_endpoint remote = {.ip = LEAT_IP4(10, 0, 0, 1), .port = PORT};
    const struct leat_endpoint local = {.ip = LEAT_IP4(10, 0, 0, from)};
    struct stranger *stranger = &crowd[i];
    size_t taken;

    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &stranger->conn, &remote, &local,
                                      &events, stranger),
                     LEAT_OK);
    world_wait(f->world, 20 * ms);
    if (!stranger->closed)
        leat_tcp_write(stranger->conn, text, strlen(text), &taken);
    world_wait(f->world, 20 * ms);
    return stranger;
}

static void tell(struct fixture *f, struct stranger *stranger, const char *text)
{
    size_t taken;

    stranger->have = 0;
    assert_int_equal(leat_tcp_write(stranger->conn, text, strlen(text), &taken), LEAT_OK);
    world_wait(f->world, 20 * ms);
}

static bool echoed(const struct stranger *stranger, const char *text)
{
    return stranger->have == strlen(text) && memcmp(stranger->bytes, text, stranger->have) == 0;
}

static void disperse(struct fixture *f)
{
    for (unsigned i = 0; i < CROWD; i++) {
        assert_in_range(crowd[i].closed, 0, 1);
        if (crowd[i].conn && !crowd[i].closed)
            leat_tcp_abort(crowd[i].conn);
    }
    world_wait(f->world, second);
    assert_int_equal(serving, 0);
    assert_int_equal(writers, 0);
    assert_int_equal(counts(f)->started, counts(f)->ended);
}

enum {
    HONEST = 101,
    ATTACKER = 102,
    THIRD = 103
};

/* ---- Tests ----------------------------------------------------------------------------------- */

static void test_threat_Q13_tasks_of_one_address_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    begin(f, PLACES, true, NULL);
    for (unsigned i = 0; i < CROWD - 2; i++)
        come(f, i, ATTACKER, "x");
    assert_int_equal(serving, PLACES);
    assert_true(echoed(come(f, CROWD - 2, HONEST, "hello"), "hello"));
    assert_true(echoed(come(f, CROWD - 1, THIRD, "hello"), "hello"));
    assert_true(cancelled >= 2);
    assert_int_equal(counts(f)->displaced, cancelled);
    assert_int_equal(crowd[0].closed, 1);
    assert_int_equal(crowd[0].why, LEAT_ERR_RESET);
    disperse(f);
}

static void test_threat_Q13_tasks_of_many_addresses_shut_out_no_other(void **state)
{
    struct fixture *f = *state;

    begin(f, 2, true, NULL);
    come(f, 0, ATTACKER, "x");
    come(f, 1, THIRD, "x");
    assert_true(echoed(come(f, 2, HONEST, "hello"), "hello"));
    assert_int_equal(crowd[0].closed, 1);
    assert_true(echoed(come(f, 3, 2, "hello"), "hello"));
    assert_int_equal(crowd[1].closed, 1);
    disperse(f);
}

/* One address has filled the few tasks and the queue. */
static void test_threat_Q13_the_queue_for_tasks_has_shares(void **state)
{
    struct fixture *f = *state;

    begin(f, 1, false, NULL);
    for (unsigned i = 0; i < 1 + PLACES; i++)
        come(f, i, ATTACKER, "x");
    assert_int_equal(counts(f)->refused, 0);
    come(f, 10, ATTACKER, "x");
    assert_int_equal(counts(f)->refused, 1);
    assert_int_equal(crowd[10].closed, 1);
    come(f, 11, HONEST, "hello"); /* without `displace`, having one task is no reason to lose it */
    assert_int_equal(counts(f)->displaced, 0);
    assert_int_equal(counts(f)->refused, 2);
    assert_int_equal(crowd[1].closed, 1);
    assert_int_equal(crowd[11].closed, 0);
    for (unsigned i = 0; i < 5; i++)
        if (!crowd[i].closed)
            leat_tcp_abort(crowd[i].conn);
    world_wait(f->world, second);
    assert_true(echoed(&crowd[11], "hello"));
    disperse(f);
}

static void test_a_client_that_sends_keeps_its_task(void **state)
{
    struct fixture *f = *state;

    begin(f, 3, true, NULL);
    for (unsigned i = 0; i < 3; i++)
        come(f, i, ATTACKER, "x");
    world_wait(f->world, second);
    tell(f, &crowd[0], "y");
    come(f, 3, HONEST, "hello");
    assert_int_equal(crowd[0].closed, 0);
    assert_int_equal(crowd[1].closed, 1);
    tell(f, &crowd[0], "z");
    assert_true(echoed(&crowd[0], "z"));
    disperse(f);
}

/* Data renews a task's share, but at most ten times a second. */
static void test_a_share_is_renewed_every_100_ms(void **state)
{
    struct fixture *f = *state;
    uint64_t renewed_ns;

    begin(f, 3, false, NULL);
    come(f, 0, HONEST, "x");
    world_wait(f->world, second);
    tell(f, &crowd[0], "1");
    renewed_ns = last_task->renewed_ns;
    assert_true(f->world->now_ns - renewed_ns <= 25 * ms);
    world_wait(f->world, renewed_ns + 98 * ms - f->world->now_ns);
    tell(f, &crowd[0], "2");
    assert_true(last_task->renewed_ns == renewed_ns);
    tell(f, &crowd[0], "3");
    assert_in_range(last_task->renewed_ns - renewed_ns, 100 * ms, 130 * ms);
    disperse(f);
}

/* An address evicts its own task after a second without activity. */
static void test_an_address_alone_evicts_its_own_idle_entry(void **state)
{
    struct fixture *f = *state;

    begin(f, 2, true, NULL);
    come(f, 0, HONEST, "x");
    come(f, 1, HONEST, "x");
    come(f, 2, HONEST, "hello");
    assert_int_equal(crowd[2].have, 0);
    assert_int_equal(crowd[0].closed, 0);
    world_wait(f->world, second);
    assert_true(echoed(come(f, 3, HONEST, "hello"), "hello"));
    assert_int_equal(counts(f)->displaced, 1);
    assert_int_equal(crowd[0].closed, 1);
    leat_tcp_abort(crowd[1].conn);
    world_wait(f->world, 20 * ms);
    assert_true(echoed(&crowd[2], "hello"));
    disperse(f);
}

/* A task ends with its children, whose shares don't count. */
static void test_a_task_makes_room_with_its_children(void **state)
{
    struct fixture *f = *state;

    begin(f, PLACES, true, f);
    come(f, 0, ATTACKER, "x");
    come(f, 1, ATTACKER, "x");
    assert_int_equal(serving, 2);
    assert_int_equal(writers, 2);
    assert_true(echoed(come(f, 2, HONEST, "hello"), "hello"));
    assert_int_equal(crowd[0].closed, 1);
    assert_int_equal(writers, 2);
    assert_int_equal(counts(f)->displaced, 1);
    disperse(f);
}

/* The reserve of two tasks is only for addresses that have less. */
static void test_a_reserve_is_for_those_that_have_less(void **state)
{
    struct fixture *f = *state;

    begin_with(f,
               &(struct leat_tasks_config){
                   .tasks = 4, .reserve = 2, .waiting = PLACES, .stack_bytes = STACK_BYTES},
               true, NULL);
    for (unsigned i = 0; i < 4; i++)
        come(f, i, ATTACKER, "x");
    assert_int_equal(serving, 2);
    assert_true(echoed(come(f, 4, HONEST, "hello"), "hello"));
    assert_int_equal(serving, 3);
    assert_int_equal(counts(f)->displaced, 0);
    disperse(f);
}

/* A task that the program has started itself is never cancelled for others. */
static enum leat_err sleeps(struct leat_task *task, void *arg)
{
    (void)arg;
    return leat_task_sleep(task, leat_task_in(task, 5 * second));
}

static void test_tasks_of_the_program_make_no_room(void **state)
{
    struct fixture *f = *state;

    begin(f, 2, true, NULL);
    assert_int_equal(leat_task_start(f->tasks[SERVER], "a", sleeps, NULL, NULL), LEAT_OK);
    assert_int_equal(leat_task_start(f->tasks[SERVER], "b", sleeps, NULL, NULL), LEAT_OK);
    come(f, 0, HONEST, "hello");
    assert_int_equal(crowd[0].have, 0);
    assert_int_equal(counts(f)->cancelled, 0);
    world_wait(f->world, 5 * second);
    assert_true(echoed(&crowd[0], "hello"));
    disperse(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_Q13_tasks_of_one_address_shut_out_no_other),
        TEST(test_threat_Q13_tasks_of_many_addresses_shut_out_no_other),
        TEST(test_threat_Q13_the_queue_for_tasks_has_shares),
        TEST(test_a_client_that_sends_keeps_its_task),
        TEST(test_a_share_is_renewed_every_100_ms),
        TEST(test_an_address_alone_evicts_its_own_idle_entry),
        TEST(test_a_task_makes_room_with_its_children),
        TEST(test_a_reserve_is_for_those_that_have_less),
        TEST(test_tasks_of_the_program_make_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

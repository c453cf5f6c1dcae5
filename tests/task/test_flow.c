/* test_flow.c -- tasks with streams, over TCP and over a pipe. */
#include "task_test.h"

#include "pipe.h"

#include <leat/life.h>

enum {
    MANY_BYTES = 100000
};

static char many[MANY_BYTES];

static void fill_many(void)
{
    for (size_t i = 0; i < MANY_BYTES; i++)
        many[i] = (char)(i * 11 + i / 253);
}

/* ---- echo ------------------------------------------------------------------------------------ */

static enum leat_err connects_from_a_port(struct leat_task *task, void *arg)
{
    const struct leat_endpoint local = leat_endpoint_of(LEAT_IP_ANY, 4321);
    struct leat_tcp_info info;
    struct leat_flow flow, other;

    (void)arg;
    assert_int_equal(leat_flow_connect_from(&flow, task, &served_at, &local, LEAT_NEVER_NS),
                     LEAT_OK);
    leat_tcp_get_info(leat_stream_tcp(&flow.stream), &info);
    assert_int_equal(info.local.port, 4321);
    assert_int_equal(leat_flow_connect_from(&other, task, &served_at, &local, LEAT_NEVER_NS),
                     LEAT_ERR_IN_USE);
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void the_port_to_connect_from_can_be_chosen(void **state)
{
    struct fixture *f = *state;

    serve_flows(f, echo_flow, false);
    run_task(f, connects_from_a_port, second);
}

static enum leat_err writes_many(struct leat_task *task, void *arg)
{
    struct leat_flow *flow = arg;
    enum leat_err err = leat_flow_write(flow, many, MANY_BYTES / 2, LEAT_NEVER_NS);

    (void)task;
    if (!err)
        err = leat_flow_lend(flow, many + MANY_BYTES / 2, 1, LEAT_NEVER_NS);
    if (!err)
        err = leat_flow_lend(flow, many + MANY_BYTES / 2 + 1, MANY_BYTES / 2 - 1, LEAT_NEVER_NS);
    return err ? err : leat_flow_finish(flow);
}

/* A child writes while the task reads: more than both queues and windows hold together. */
static enum leat_err talks(struct leat_task *task, struct leat_flow *flow)
{
    static char back[MANY_BYTES];
    struct leat_task *writer;
    enum leat_err result;
    size_t len;

    assert_int_equal(leat_task_start(flow->tasks, "writer", writes_many, flow, &writer), LEAT_OK);
    assert_int_equal(leat_flow_read_exact(flow, back, 10, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read_some(flow, back + 10, 5, &len, LEAT_NEVER_NS), LEAT_OK);
    assert_in_range(len, 1, 5);
    assert_int_equal(
        leat_flow_read_exact(flow, back + 10 + len, MANY_BYTES - 10 - len, LEAT_NEVER_NS), LEAT_OK);
    assert_memory_equal(back, many, MANY_BYTES);
    assert_int_equal(leat_flow_read_some(flow, back, 5, &len, LEAT_NEVER_NS), LEAT_ERR_END);
    assert_int_equal(leat_task_join(task, writer, &result, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(result, LEAT_OK);
    assert_int_equal(leat_flow_write(flow, "x", 1, LEAT_NEVER_NS),
                     flow->stream.end ? LEAT_ERR_CLOSING : LEAT_ERR_END);
    return LEAT_OK;
}

static enum leat_err connects_and_talks(struct leat_task *task, void *arg)
{
    struct leat_flow flow;

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(talks(task, &flow), LEAT_OK);
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void many_bytes_go_there_and_back(void **state)
{
    struct fixture *f = *state;

    fill_many();
    serve_flows(f, echo_flow, false);
    assert_int_equal(run_task(f, connects_and_talks, 100 * second), LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->ended, 1);
}

static void the_same_over_a_bad_wire(void **state)
{
    struct fixture *f = *state;

    fill_many();
    serve_flows(f, echo_flow, true);
    world_spoil(f->world, 20000);
    assert_int_equal(run_task(f, connects_and_talks, 1000 * second), LEAT_OK);
}

static enum leat_err serves_the_other_end(struct leat_task *task, void *arg)
{
    struct leat_stream stream = pipe_stream(arg);
    struct leat_flow flow;
    enum leat_err err;

    leat_flow_open(&flow, task, &stream);
    err = echo_flow(task, &flow, NULL);
    leat_flow_close(&flow);
    return err;
}

static enum leat_err talks_over_a_pipe(struct leat_task *task, void *arg)
{
    static struct pipe_end ends[2];
    struct fixture *f = arg;
    struct leat_flow flow;
    struct leat_stream stream;
    struct leat_task *other;

    pipe_open(ends, f->world->stacks[CLIENT], 700);
    stream = pipe_stream(&ends[0]);
    leat_flow_open(&flow, task, &stream);
    leat_task_start(f->tasks[CLIENT], "other", serves_the_other_end, &ends[1], &other);
    assert_int_equal(talks(task, &flow), LEAT_OK);
    leat_flow_close(&flow);
    return leat_task_join(task, other, NULL, LEAT_NEVER_NS);
}

static void a_flow_does_not_ask_what_carries_it(void **state)
{
    fill_many();
    assert_int_equal(run_task(*state, talks_over_a_pipe, 100 * second), LEAT_OK);
}

/* ---- a length ---------------------------------------------------------------------------- */

static enum leat_err says_in_two_parts(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    (void)arg;
    assert_int_equal(leat_flow_write(flow, "one", 3, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    return leat_flow_write(flow, "two three", 9, LEAT_NEVER_NS);
}

static enum leat_err reads_exactly(struct leat_task *task, void *arg)
{
    struct leat_flow flow;
    char bytes[16] = "...............";

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read_exact(&flow, bytes, 6, LEAT_NEVER_NS), LEAT_OK);
    assert_string_equal(bytes, "onetwo.........");
    assert_int_equal(leat_flow_read_exact(&flow, bytes, 0, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read_exact(&flow, bytes, 6, LEAT_NEVER_NS), LEAT_OK);
    assert_string_equal(bytes, " three.........");
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void no_more_is_read_than_was_wanted(void **state)
{
    struct fixture *f = *state;

    serve_flows(f, says_in_two_parts, true);
    assert_int_equal(run_task(f, reads_exactly, 10 * second), LEAT_OK);
}

/* ---- lines -------------------------------------------------------------------------------- */

static enum leat_err says_lines(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    static const char *const parts[] = {"one\ntw", "o\n\nlonger than", " eight\nend"};

    (void)arg;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(leat_flow_write(flow, parts[i], strlen(parts[i]), LEAT_NEVER_NS), LEAT_OK);
        assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    }
    return LEAT_OK;
}

static void expect_line(struct leat_flow *flow, enum leat_err expected, const char *line)
{
    char bytes[8];
    size_t len;

    assert_int_equal(leat_flow_read_until(flow, '\n', bytes, sizeof bytes, &len, LEAT_NEVER_NS),
                     expected);
    assert_int_equal(len, strlen(line));
    assert_memory_equal(bytes, line, len);
}

static enum leat_err reads_lines(struct leat_task *task, void *arg)
{
    struct leat_flow flow;

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    expect_line(&flow, LEAT_OK, "one\n");
    expect_line(&flow, LEAT_OK, "two\n");
    expect_line(&flow, LEAT_OK, "\n");
    expect_line(&flow, LEAT_ERR_TOO_BIG, "longer t");
    expect_line(&flow, LEAT_ERR_TOO_BIG, "han eigh");
    expect_line(&flow, LEAT_OK, "t\n");
    expect_line(&flow, LEAT_ERR_END, "end");
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void lines_are_found_wherever_they_are_cut(void **state)
{
    serve_flows(*state, says_lines, true);
    assert_int_equal(run_task(*state, reads_lines, 100 * second), LEAT_OK);
}

/* ---- failures -------------------------------------------------------------------------------- */

static enum leat_err is_silent(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    (void)flow;
    (void)arg;
    return leat_task_sleep(task, LEAT_NEVER_NS - 1);
}

static enum leat_err hears_nothing(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    const uint64_t begin_ns = f->world->now_ns;
    struct leat_flow flow;
    char bytes[4];
    size_t len;

    assert_int_equal(leat_flow_connect(&flow, task, &served_at, leat_task_in(task, second)),
                     LEAT_OK);
    assert_int_equal(
        leat_flow_read_some(&flow, bytes, sizeof bytes, &len, leat_task_in(task, 2 * second)),
        LEAT_ERR_TIMEOUT);
    assert_int_equal(len, 0);
    assert_true(f->world->now_ns - begin_ns >= 2 * second);
    /* the peer doesn't read, so the queues fill, and then the writer has to wait */
    fill_many();
    for (unsigned i = 0; i < 20; i++) {
        const enum leat_err err =
            leat_flow_write(&flow, many, MANY_BYTES, leat_task_in(task, second));

        if (err) {
            assert_int_equal(err, LEAT_ERR_TIMEOUT);
            leat_flow_abort(&flow);
            return LEAT_OK;
        }
    }
    return LEAT_ERR_FULL;
}

static void deadlines_end_reads_and_writes(void **state)
{
    serve_flows(*state, is_silent, true);
    assert_int_equal(run_task(*state, hears_nothing, 100 * second), LEAT_OK);
}

static enum leat_err is_refused(struct leat_task *task, void *arg)
{
    struct leat_flow flow;
    const struct leat_endpoint nobody = {.ip = LEAT_IP4(10, 0, 0, 99), .port = PORT};

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_ERR_REFUSED);
    assert_int_equal(leat_flow_connect(&flow, task, &nobody, leat_task_in(task, 500 * ms)),
                     LEAT_ERR_TIMEOUT);
    return LEAT_OK;
}

static void a_failed_connect_has_a_reason(void **state)
{
    assert_int_equal(run_task(*state, is_refused, 100 * second), LEAT_OK);
}

static enum leat_err fails(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct leat_buf *data;

    (void)task;
    (void)arg;
    assert_int_equal(leat_flow_read(flow, &data, LEAT_NEVER_NS), LEAT_OK);
    leat_buf_free(data);
    return LEAT_ERR_FORMAT; /* instead of an orderly end */
}

static enum leat_err is_reset(struct leat_task *task, void *arg)
{
    struct leat_flow flow;
    struct leat_buf *data;

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_write(&flow, "hello", 5, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read(&flow, &data, LEAT_NEVER_NS), LEAT_ERR_RESET);
    assert_null(data);
    assert_null(flow.stream.end);
    assert_int_equal(leat_flow_write(&flow, "hello", 5, LEAT_NEVER_NS), LEAT_ERR_RESET);
    assert_int_equal(leat_flow_finish(&flow), LEAT_ERR_RESET);
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void a_task_that_fails_resets_its_connection(void **state)
{
    serve_flows(*state, fails, false);
    assert_int_equal(run_task(*state, is_reset, 100 * second), LEAT_OK);
}

/* ---- acceptors ---------------------------------------------------------------------------- */

static enum leat_err accepts_two(struct leat_task *task, void *arg)
{
    struct leat_acceptor *acceptor = arg;
    struct leat_flow flow;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(leat_flow_accept(&flow, acceptor, LEAT_NEVER_NS), LEAT_OK);
        assert_int_equal(echo_flow(task, &flow, NULL), LEAT_ERR_END);
        leat_flow_close(&flow);
    }
    assert_int_equal(leat_flow_accept(&flow, acceptor, leat_task_in(task, second)),
                     LEAT_ERR_TIMEOUT);
    leat_acceptor_close(acceptor);
    return LEAT_OK;
}

static void one_task_accepts_and_serves_one_after_another(void **state)
{
    struct fixture *f = *state;
    struct leat_acceptor acceptor;
    const struct leat_tcp_listen_config listen = {.port = PORT};

    fill_many();
    assert_int_equal(leat_acceptor_open(&acceptor, f->tasks[SERVER], &listen), LEAT_OK);
    leat_task_start(f->tasks[SERVER], "acceptor", accepts_two, &acceptor, NULL);
    assert_int_equal(run_task(f, connects_and_talks, 100 * second), LEAT_OK);
    assert_int_equal(run_task(f, connects_and_talks, 100 * second), LEAT_OK);
    world_wait(f->world, 5 * second);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->ended, 1);
}

/* ---- drain -------------------------------------------------------------------------------- */

static enum leat_err hears_of_a_drain(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat *served = f->world->stacks[SERVER];
    struct leat_flow flow;
    char byte;
    size_t len;

    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_write(&flow, "x", 1, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read_exact(&flow, &byte, 1, LEAT_NEVER_NS), LEAT_OK);
    leat_drain(served, leat_now_ns(served) + 10 * second);
    assert_int_equal(leat_flow_read_some(&flow, &byte, 1, &len, LEAT_NEVER_NS), LEAT_ERR_END);
    leat_flow_close(&flow);
    return LEAT_OK;
}

static void a_drain_closes_a_task_that_waits_for_a_quiet_peer(void **state)
{
    struct fixture *f = *state;

    serve_flows(f, echo_flow, false);
    assert_int_equal(run_task(f, hears_of_a_drain, 2 * second), LEAT_OK);
    world_wait(f->world, 100 * ms);
    assert_true(leat_stopped(f->world->stacks[SERVER], NULL));
    assert_int_equal(leat_drained(f->world->stacks[SERVER]).reset, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_bytes_go_there_and_back),
        TEST(the_same_over_a_bad_wire),
        TEST(no_more_is_read_than_was_wanted),
        TEST(a_flow_does_not_ask_what_carries_it),
        TEST(lines_are_found_wherever_they_are_cut),
        TEST(deadlines_end_reads_and_writes),
        TEST(a_failed_connect_has_a_reason),
        TEST(the_port_to_connect_from_can_be_chosen),
        TEST(a_drain_closes_a_task_that_waits_for_a_quiet_peer),
        TEST(a_task_that_fails_resets_its_connection),
        TEST(one_task_accepts_and_serves_one_after_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_asks.c -- tasks with datagrams and connections to names. */
#include "task_test.h"

/* ---- datagrams ---------------------------------------------------------------------------- */

static enum leat_err answers_datagrams(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_datagram places[2], datagram;
    struct leat_mailbox mailbox;
    enum leat_err err;

    (void)task;
    assert_int_equal(leat_mailbox_open(&mailbox, f->tasks[SERVER], places, 2), LEAT_OK);
    assert_int_equal(leat_udp_bind(mailbox.udp, LEAT_IP4_ANY, PORT), LEAT_OK);
    while (!(err = leat_mailbox_receive(&mailbox, &datagram, LEAT_NEVER_NS))) {
        leat_udp_send_to(mailbox.udp, datagram.payload, &datagram.peer);
        leat_task_sleep(
            task, leat_task_in(task, second)); /* the rest waits in the mailbox or is dropped */
    }
    assert_true(mailbox.dropped > 0);
    leat_mailbox_close(&mailbox);
    return err;
}

static enum leat_err asks_by_datagrams(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_datagram places[8], datagram;
    struct leat_mailbox mailbox;
    unsigned answers = 0;

    assert_int_equal(leat_mailbox_open(&mailbox, f->tasks[CLIENT], places, 8), LEAT_OK);
    for (unsigned i = 0; i < 6; i++) {
        leat_udp_send_to(mailbox.udp, leat_buf_copy(leat_pool(f->world->stacks[CLIENT]), "ping", 4),
                         &served_at);
        leat_task_yield(task);
    }
    while (!leat_mailbox_receive(&mailbox, &datagram, leat_task_in(task, 5 * second))) {
        assert_int_equal(leat_buf_total(datagram.payload), 4);
        assert_int_equal(datagram.peer.port, PORT);
        leat_buf_free(datagram.payload);
        answers++;
    }
    leat_mailbox_close(&mailbox);
    assert_int_equal(answers, 3); /* one for a waiting task, and two places */
    return LEAT_OK;
}

static void datagrams_wait_in_their_places(void **state)
{
    struct fixture *f = *state;

    leat_task_start(f->tasks[SERVER], "server", answers_datagrams, f, NULL);
    world_wait(f->world, ms);
    assert_int_equal(run_task(f, asks_by_datagrams, 100 * second), LEAT_OK);
}

/* Datagrams that were not received are freed with the mailbox. */
static enum leat_err closes_unread(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_datagram places[4], datagram;
    struct leat_mailbox mailbox;

    assert_int_equal(leat_mailbox_open(&mailbox, f->tasks[SERVER], places, 4), LEAT_OK);
    assert_int_equal(leat_udp_bind(mailbox.udp, LEAT_IP4_ANY, PORT), LEAT_OK);
    assert_int_equal(leat_mailbox_receive(&mailbox, &datagram, leat_task_in(task, 0)),
                     LEAT_ERR_TIMEOUT); /* the deadline has passed before the wait begins */
    leat_task_sleep(task, leat_task_in(task, second));
    assert_int_equal(mailbox.count, 3);
    assert_int_equal(leat_mailbox_receive(&mailbox, &datagram, 0), LEAT_OK);
    leat_buf_free(datagram.payload);
    leat_mailbox_close(&mailbox);
    return LEAT_OK;
}

static enum leat_err sends_three(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_datagram places[1];
    struct leat_mailbox mailbox;

    assert_int_equal(leat_mailbox_open(&mailbox, f->tasks[CLIENT], places, 1), LEAT_OK);
    for (unsigned i = 0; i < 3; i++)
        leat_udp_send_to(mailbox.udp, leat_buf_copy(leat_pool(f->world->stacks[CLIENT]), "ping", 4),
                         &served_at);
    leat_mailbox_close(&mailbox);
    leat_task_sleep(task, leat_task_in(task, 2 * second));
    return LEAT_OK;
}

static void a_mailbox_that_is_closed_frees_what_it_has(void **state)
{
    struct fixture *f = *state;

    leat_task_start(f->tasks[SERVER], "closes", closes_unread, f, NULL);
    world_wait(f->world, ms);
    assert_int_equal(run_task(f, sends_three, 10 * second), LEAT_OK);
}

/* ---- connecting by name ------------------------------------------------------------------- */

static enum leat_err says_hello(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    (void)arg;
    return leat_flow_write(flow, "hello", 5, leat_task_in(task, second));
}

static enum leat_err connects(struct leat_task *task, void *arg)
{
    const struct leat_connect_config config = {.hosts = "10.0.0.99 www.example.test\n"
                                                        "10.0.0.1 www.example.test\n"
                                                        "10.0.0.99 silent.example.test\n"};
    static struct leat_connecting connecting;
    static char told[LEAT_CONNECT_TEXT_BYTES];
    struct leat_flow flow;
    struct leat_buf *rest;
    char text[5];

    (void)arg;
    assert_int_equal(leat_flow_connect_name(&flow, task, &connecting, &config, "www.example.test",
                                            PORT, leat_task_in(task, second)),
                     LEAT_OK);
    assert_int_equal(connecting.try_count, 2); /* the first one doesn't answer */
    assert_int_equal(leat_flow_read_exact(&flow, text, 2, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(leat_flow_read(&flow, &rest, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(leat_buf_read(rest, 0, text + 2, 3), 3); /* the rest of the payload */
    assert_int_equal(leat_buf_total(rest), 3);
    leat_buf_free(rest);
    assert_memory_equal(text, "hello", 5);
    leat_flow_close(&flow);
    assert_int_equal(leat_flow_connect_name(&flow, task, &connecting, &config, "10.0.0.1", PORT + 1,
                                            leat_task_in(task, second)),
                     LEAT_ERR_REFUSED);
    assert_int_equal(leat_flow_connect_name(&flow, task, &connecting, &config,
                                            "silent.example.test", PORT,
                                            leat_task_in(task, second)),
                     LEAT_ERR_TIMEOUT);
    leat_connect_format(&connecting, LEAT_ERR_TIMEOUT, told);
    assert_string_equal(told, "silent.example.test: 10.0.0.99 timed out");
    assert_int_equal(leat_flow_connect_name(&flow, task, &connecting, &config, "a..b", PORT, 0),
                     LEAT_ERR_FORMAT);
    assert_int_equal(leat_flow_connect_name(&flow, task, &connecting, &config, "else.example.test",
                                            PORT, LEAT_NEVER_NS),
                     LEAT_ERR_NOT_FOUND); /* the client has no resolver */
    return LEAT_OK;
}

static void a_task_connects_to_a_name(void **state)
{
    struct fixture *f = *state;
    static struct leat_service service = {
        .listen = {.port = PORT}, .name = "hello", .serve = says_hello, .at_once = true};

    assert_int_equal(leat_task_serve(f->tasks[SERVER], &service), LEAT_OK);
    assert_int_equal(run_task(f, connects, 100 * second), LEAT_OK);
}

static enum leat_err connects_until_cancelled(struct leat_task *task, void *arg)
{
    const struct leat_connect_config config = {.hosts = "10.0.0.99 silent\n"};
    static struct leat_connecting connecting;
    struct leat_flow flow;

    (void)arg;
    assert_int_equal(
        leat_flow_connect_name(&flow, task, &connecting, &config, "silent", PORT, LEAT_NEVER_NS),
        LEAT_ERR_CANCELLED);
    return leat_flow_connect_name(&flow, task, &connecting, &config, "silent", PORT,
                                  LEAT_NEVER_NS); /* a cancelled task doesn't wait again */
}

static enum leat_err cancels(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *child;
    enum leat_err result;

    assert_int_equal(
        leat_task_start(f->tasks[CLIENT], "connects", connects_until_cancelled, f, &child),
        LEAT_OK);
    leat_task_sleep(task, leat_task_in(task, second));
    leat_task_cancel(child);
    assert_int_equal(leat_task_join(task, child, &result, leat_task_in(task, second)), LEAT_OK);
    return result;
}

static void a_task_that_is_cancelled_stops_connecting(void **state)
{
    assert_int_equal(run_task(*state, cancels, 10 * second), LEAT_ERR_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(datagrams_wait_in_their_places),
        TEST(a_mailbox_that_is_closed_frees_what_it_has),
        TEST(a_task_connects_to_a_name),
        TEST(a_task_that_is_cancelled_stops_connecting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_shared.c -- timeouts; sockets that several tasks or descriptors share; the end of tasks. */
#include "sockets_test.h"

enum {
    MANY = 700000
};

static char many[MANY];

/* ---- timeouts ------------------------------------------------------------------------------ */

static void times_out(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in nowhere = server4(PORT);
    const uint64_t began_ns = net->world->now_ns;
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    int pair[2];
    char byte;

    make_pair(net, pair);
    set_time(s, pair[0], SO_RCVTIMEO, 1500);
    assert_int_equal(leat_bsd_recv(s, pair[0], &byte, 1, 0), -EAGAIN);
    assert_in_range(net->world->now_ns - began_ns, 1500 * ms, 1600 * ms);
    set_time(s, pair[0], SO_SNDTIMEO, 2000);
    assert_in_range(leat_bsd_send(s, pair[0], many, MANY, 0), 1, MANY - 1);
    assert_int_equal(leat_bsd_send(s, pair[0], many, MANY, 0), -EAGAIN);
    assert_in_range(net->world->now_ns - began_ns, 5500 * ms, 5700 * ms);
    nowhere.sin_addr.s_addr = htonl(0x0a000063);
    set_time(s, fd, SO_SNDTIMEO, 100);
    assert_int_equal(leat_bsd_connect(s, fd, &nowhere, sizeof nowhere), -EINPROGRESS);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
}

static void timeouts_end_a_call(void **state)
{
    run_one(*state, times_out);
}

/* ---- two tasks, one socket ------------------------------------------------------------------ */

static void waits_in_accept(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];

    net->shared = listening(net);
    assert_int_equal(leat_bsd_accept4(s, net->shared, NULL, NULL, 0), -EINVAL);
}

static void shuts_the_listener(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];

    sleep_for(net, SERVER, ms);
    assert_int_equal(leat_bsd_shutdown(s, net->shared, SHUT_RD), 0);
    assert_int_equal(leat_bsd_close(s, net->shared), 0);
}

static void shutdown_ends_an_accept(void **state)
{
    struct net *net = *state;

    start(net, SERVER, waits_in_accept);
    start(net, SERVER, shuts_the_listener);
    run_all(net, second);
}

static void accepts_in_spite_of_close(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    int fd;

    net->shared = listening(net);
    fd = leat_bsd_accept4(s, net->shared, NULL, NULL, 0);
    assert_true(fd >= 0);
    assert_int_equal(leat_bsd_accept4(s, net->shared, NULL, NULL, 0), -EBADF);
    assert_int_equal(leat_bsd_close(s, fd), 0);
}

static void closes_the_listener(struct net *net)
{
    sleep_for(net, SERVER, ms);
    assert_int_equal(leat_bsd_close(net->sockets[SERVER], net->shared), 0);
}

static void connects_late(struct net *net)
{
    sleep_for(net, CLIENT, second);
    leat_bsd_close(net->sockets[CLIENT], connected(net));
}

static void an_accept_outlives_the_close_of_its_descriptor(void **state)
{
    struct net *net = *state;

    start(net, SERVER, accepts_in_spite_of_close);
    start(net, SERVER, closes_the_listener);
    start(net, CLIENT, connects_late);
    run_all(net, 10 * second);
}

static unsigned read_count;

static void reads_one(struct net *net)
{
    char byte;

    assert_int_equal(leat_bsd_recv(net->sockets[CLIENT], net->shared, &byte, 1, 0), 1);
    read_count++;
}

static void writes_two(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    int pair[2];

    make_pair(net, pair);
    net->shared = pair[0];
    start(net, CLIENT, reads_one);
    start(net, CLIENT, reads_one);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(leat_bsd_send(s, pair[1], "a", 1, 0), 1);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(read_count, 1); /* one of them has the byte, the other waits again */
    assert_int_equal(leat_bsd_send(s, pair[1], "b", 1, 0), 1);
    sleep_for(net, CLIENT, second); /* Nagle's algorithm */
    assert_int_equal(read_count, 2);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
}

static void two_tasks_read_one_socket(void **state)
{
    read_count = 0;
    run_one(*state, writes_two);
}

/* ---- linger, dup --------------------------------------------------------------------------- */

static void reads_nothing(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const int listener = listening(net);
    const int fd = leat_bsd_accept4(s, listener, NULL, NULL, 0);

    sleep_for(net, SERVER, 20 * second);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, listener);
}

static void lingers(struct net *net)
{
    const struct linger while_it_lasts = {.l_onoff = 1, .l_linger = 5};
    struct leat_sockets *s = net->sockets[CLIENT];
    const int fd = connected(net);
    uint64_t began_ns;

    leat_bsd_setsockopt(s, fd, SOL_SOCKET, SO_LINGER, &while_it_lasts, sizeof while_it_lasts);
    assert_int_equal(leat_bsd_fcntl(s, fd, LEAT_F_SETFL, LEAT_O_NONBLOCK), 0);
    while (leat_bsd_send(s, fd, many, MANY, 0) > 0)
        sleep_for(net, CLIENT, 100 * ms);
    assert_int_equal(leat_bsd_fcntl(s, fd, LEAT_F_SETFL, 0), 0);
    began_ns = net->world->now_ns;
    leat_bsd_close(s, fd);
    assert_in_range(net->world->now_ns - began_ns, 5 * second, 6 * second);
}

static void close_waits_for_its_data(void **state)
{
    run_both(*state, reads_nothing, lingers);
}

static void duplicates(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    int pair[2], twin;
    char byte;

    make_pair(net, pair);
    twin = leat_bsd_dup(s, pair[0]);
    assert_true(twin >= 0);
    assert_int_equal(leat_bsd_close(s, pair[0]), 0);
    assert_int_equal(leat_bsd_send(s, twin, "x", 1, 0), 1);
    assert_int_equal(leat_bsd_recv(s, pair[1], &byte, 1, 0), 1);
    assert_int_equal(leat_bsd_dup2(s, twin, pair[0]), pair[0]);
    assert_int_equal(leat_bsd_close(s, twin), 0);
    assert_int_equal(leat_bsd_fcntl(s, pair[0], LEAT_F_DUPFD, twin), twin);
    assert_int_equal(leat_bsd_close(s, pair[0]), 0);
    assert_int_equal(leat_bsd_recv(s, pair[1], &byte, 1, MSG_DONTWAIT), -EAGAIN);
    assert_int_equal(leat_bsd_close(s, twin), 0);
    assert_int_equal(leat_bsd_recv(s, pair[1], &byte, 1, 0), 0);
    assert_int_equal(leat_bsd_close(s, pair[1]), 0);
}

static void a_socket_ends_with_its_last_descriptor(void **state)
{
    run_one(*state, duplicates);
}

/* ---- without a task, and cancelled ---------------------------------------------------------- */

static void outside_of_a_task_no_call_waits(void **state)
{
    struct net *net = *state;
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in to = server4(PORT);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    char byte;

    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EINPROGRESS);
    assert_int_equal(leat_bsd_recv(s, fd, &byte, 1, 0), -EAGAIN);
    assert_int_equal(leat_bsd_close(s, fd), 0);
}

static enum leat_err is_cancelled(struct leat_task *task, void *arg)
{
    struct net *net = arg;
    struct leat_sockets *s = net->sockets[CLIENT];
    int pair[2];
    char byte;

    make_pair(net, pair);
    leat_task_cancel(task);
    assert_int_equal(leat_bsd_recv(s, pair[0], &byte, 1, 0), -ECANCELED);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
    net->all_done = true;
    return LEAT_OK;
}

static void a_cancelled_task_waits_no_more(void **state)
{
    struct net *net = *state;

    assert_int_equal(leat_task_start(net->tasks[CLIENT], "cancelled", is_cancelled, net, NULL),
                     LEAT_OK);
    assert_true(world_run(net->world, &net->all_done, second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timeouts_end_a_call),
        TEST(shutdown_ends_an_accept),
        TEST(an_accept_outlives_the_close_of_its_descriptor),
        TEST(two_tasks_read_one_socket),
        TEST(close_waits_for_its_data),
        TEST(a_socket_ends_with_its_last_descriptor),
        TEST(outside_of_a_task_no_call_waits),
        TEST(a_cancelled_task_waits_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

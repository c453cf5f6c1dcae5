/* test_epoll.c -- epoll_create1(), epoll_ctl(), epoll_wait(). */
#include "sockets_test.h"

#include <poll.h>
#include <sys/epoll.h>

_Static_assert((int)LEAT_EPOLL_CTL_ADD == EPOLL_CTL_ADD && (int)LEAT_EPOLL_CTL_DEL == EPOLL_CTL_DEL,
               "");
_Static_assert((int)LEAT_EPOLL_CTL_MOD == EPOLL_CTL_MOD && (int)LEAT_EPOLLIN == (int)EPOLLIN, "");
_Static_assert((int)LEAT_EPOLLRDHUP == (int)EPOLLRDHUP && LEAT_EPOLLET == EPOLLET, "");
_Static_assert(LEAT_EPOLLONESHOT == EPOLLONESHOT && LEAT_EPOLLEXCLUSIVE == EPOLLEXCLUSIVE, "");
_Static_assert((int)LEAT_SOCK_CLOEXEC == EPOLL_CLOEXEC, "");

static int watch(struct net *net, int epoll, int op, int fd, uint32_t events, uint64_t data)
{
    const struct leat_epoll_event event = {events, data};

    return leat_bsd_epoll_ctl(net->sockets[CLIENT], epoll, op, fd, &event);
}

/* The one event that is there now; none: 0. */
static uint32_t now(struct net *net, int epoll, uint64_t data)
{
    struct leat_epoll_event events[4];
    const int count = leat_bsd_epoll_wait(net->sockets[CLIENT], epoll, events, 4, 0);

    assert_in_range(count, 0, 1);
    if (count == 0)
        return 0;
    assert_int_equal(events[0].data, data);
    return events[0].events;
}

static void send_byte(struct net *net, int fd)
{
    assert_int_equal(leat_bsd_send(net->sockets[CLIENT], fd, "x", 1, 0), 1);
    sleep_for(net, CLIENT, second);
}

/* ---- what is told --------------------------------------------------------------------------- */

static void level(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, LEAT_SOCK_CLOEXEC);
    int pair[2];
    char byte;

    make_pair(net, pair);
    assert_int_equal(leat_bsd_fcntl(s, epoll, LEAT_F_GETFD, 0), LEAT_FD_CLOEXEC);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLRDHUP, 7), 0);
    assert_int_equal(now(net, epoll, 7), 0);
    assert_int_equal(events_of(s, epoll), 0);
    send_byte(net, pair[1]);
    assert_int_equal(events_of(s, epoll), POLLIN | POLLRDNORM);
    assert_int_equal(now(net, epoll, 7), EPOLLIN);
    assert_int_equal(now(net, epoll, 7), EPOLLIN); /* it is still there */
    assert_int_equal(watch(net, epoll, EPOLL_CTL_MOD, pair[0], EPOLLOUT, 8), 0);
    assert_int_equal(now(net, epoll, 8), EPOLLOUT);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_MOD, pair[0], EPOLLIN | EPOLLRDHUP, 9), 0);
    assert_int_equal(leat_bsd_recv(s, pair[0], &byte, 1, 0), 1);
    assert_int_equal(now(net, epoll, 9), 0);
    leat_bsd_close(s, pair[1]);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(now(net, epoll, 9), EPOLLIN | EPOLLRDHUP);
    assert_int_equal(leat_bsd_epoll_ctl(s, epoll, EPOLL_CTL_DEL, pair[0], NULL), 0);
    assert_int_equal(now(net, epoll, 9), 0);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, epoll);
}

static void an_event_is_told_as_long_as_it_lasts(void **state)
{
    run_one(*state, level);
}

static void edges(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, 0);
    int pair[2];

    make_pair(net, pair);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLET, 1), 0);
    assert_int_equal(now(net, epoll, 1), 0);
    send_byte(net, pair[1]);
    assert_int_equal(now(net, epoll, 1), EPOLLIN);
    assert_int_equal(now(net, epoll, 1), 0); /* told, though the byte is still there */
    send_byte(net, pair[1]);
    assert_int_equal(now(net, epoll, 1), EPOLLIN);
    /* a change tells again what is there */
    assert_int_equal(watch(net, epoll, EPOLL_CTL_MOD, pair[0], EPOLLIN | EPOLLONESHOT, 2), 0);
    assert_int_equal(now(net, epoll, 2), EPOLLIN);
    send_byte(net, pair[1]);
    assert_int_equal(now(net, epoll, 2), 0);
    leat_bsd_shutdown(s, pair[0], SHUT_RDWR); /* not even the end is told */
    assert_int_equal(now(net, epoll, 2), 0);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_MOD, pair[0], EPOLLIN | EPOLLONESHOT, 3), 0);
    assert_int_equal(now(net, epoll, 3) & EPOLLIN, EPOLLIN);
    leat_bsd_close(s, epoll); /* with a watch in it */
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
}

static void edges_and_single_shots_are_told_once(void **state)
{
    run_one(*state, edges);
}

/* Two descriptors of one socket are two watches. The socket's end is the end of both. */
static void duplicates(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, 0);
    struct leat_epoll_event events[4];
    int pair[2], twin;

    make_pair(net, pair);
    twin = leat_bsd_dup(s, pair[0]);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, pair[0], EPOLLOUT, 1), 0);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, twin, EPOLLOUT, 2), 0);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, events, 4, -1), 2);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, events, 1, -1), 1);
    assert_int_equal(events[0].data, 1);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, events, 1, -1), 1); /* the other's turn */
    assert_int_equal(events[0].data, 2);
    leat_bsd_close(s, pair[0]);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, events, 4, -1), 2);
    leat_bsd_close(s, twin);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, events, 4, 0), 0);
    leat_bsd_close(s, pair[1]);
    leat_bsd_close(s, epoll);
}

static void a_watch_lasts_as_long_as_its_socket(void **state)
{
    run_one(*state, duplicates);
}

/* ---- waits ----------------------------------------------------------------------------------- */

static int told_fd;

static void waits(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    struct leat_epoll_event event;
    const uint64_t began_ns = net->world->now_ns;

    assert_int_equal(leat_bsd_epoll_wait(s, net->shared, &event, 1, 2000), 0);
    assert_in_range(net->world->now_ns - began_ns, 2 * second, 2 * second + 10 * ms);
    assert_int_equal(leat_bsd_epoll_wait(s, net->shared, &event, 1, -1), 1);
    told_fd = (int)event.data;
}

static void wakes(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, 0);
    const int event = leat_bsd_eventfd(s, 0, 0);
    const uint64_t one = 1;
    struct leat_pollfd look = {.fd = epoll, .events = POLLIN};

    net->shared = epoll;
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, event, EPOLLIN, (uint64_t)event), 0);
    start(net, CLIENT, waits);
    sleep_for(net, CLIENT, 3 * second);
    assert_int_equal(told_fd, -1);
    assert_int_equal(leat_bsd_poll(s, &look, 1, 0), 0);
    assert_int_equal(leat_bsd_write(s, event, &one, sizeof one), sizeof one);
    assert_int_equal(leat_bsd_poll(s, &look, 1, -1), 1);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(told_fd, event);
    leat_bsd_close(s, event);
    leat_bsd_close(s, epoll);
}

static void a_change_wakes_a_wait(void **state)
{
    told_fd = -1;
    run_one(*state, wakes);
}

static void polls_the_epoll(struct net *net)
{
    struct leat_pollfd look = {.fd = net->shared, .events = POLLIN};

    assert_int_equal(leat_bsd_poll(net->sockets[CLIENT], &look, 1, 10000), 1);
    told_fd = look.fd;
}

static void wakes_a_poll(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, 0);
    int pair[2];

    make_pair(net, pair);
    net->shared = epoll;
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, pair[0], EPOLLIN, 0), 0);
    start(net, CLIENT, polls_the_epoll);
    sleep_for(net, CLIENT, ms);
    send_byte(net, pair[1]);
    assert_int_equal(told_fd, epoll);
    leat_bsd_close(s, epoll);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
}

static void a_change_wakes_a_poll_of_the_epoll(void **state)
{
    told_fd = -1;
    run_one(*state, wakes_a_poll);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void errors(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epoll = leat_bsd_epoll_create1(s, 0), other = leat_bsd_epoll_create1(s, 0);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);
    struct leat_epoll_event event;

    assert_int_equal(leat_bsd_epoll_create1(s, 1), -EINVAL);
    assert_int_equal(watch(net, fd, EPOLL_CTL_ADD, epoll, 0, 0), -EINVAL);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, epoll, 0, 0), -EINVAL);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, other, 0, 0), -EINVAL); /* Linux nests */
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, 99, 0, 0), -EBADF);
    assert_int_equal(watch(net, 99, EPOLL_CTL_ADD, fd, 0, 0), -EBADF);
    assert_int_equal(leat_bsd_epoll_ctl(s, epoll, EPOLL_CTL_ADD, fd, NULL), -EFAULT);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_MOD, fd, 0, 0), -ENOENT);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_DEL, fd, 0, 0), -ENOENT);
    assert_int_equal(watch(net, epoll, 4, fd, 0, 0), -EINVAL);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, fd, 0, 0), 0);
    assert_int_equal(watch(net, epoll, EPOLL_CTL_ADD, fd, 0, 0), -EEXIST);
    assert_int_equal(now(net, epoll, 0), 0);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, &event, 0, 0), -EINVAL);
    assert_int_equal(leat_bsd_epoll_wait(s, epoll, NULL, 1, 0), -EFAULT);
    assert_int_equal(leat_bsd_epoll_wait(s, fd, &event, 1, 0), -EINVAL);
    assert_int_equal(leat_bsd_epoll_wait(s, 99, &event, 1, 0), -EBADF);
    assert_int_equal(leat_bsd_read(s, epoll, &event, 8), -EINVAL);
    assert_int_equal(leat_bsd_write(s, epoll, &event, 8), -EINVAL);
    assert_int_equal(leat_bsd_recv(s, epoll, &event, 8, 0), -ENOTSOCK);
    assert_int_equal(leat_bsd_send(s, epoll, &event, 8, 0), -ENOTSOCK);
    leat_bsd_close(s, epoll);
    leat_bsd_close(s, other);
    leat_bsd_close(s, fd);
}

static void calls_that_are_wrong(void **state)
{
    run_one(*state, errors);
}

/* As many as there are descriptors, of which the two epolls take two. */
static void fills(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int epolls[2] = {leat_bsd_epoll_create1(s, 0), leat_bsd_epoll_create1(s, 0)};
    int fds[16];
    unsigned count = 0, watched = 0;

    while (count < 16 && (fds[count] = leat_bsd_eventfd(s, 1, 0)) >= 0)
        count++;
    assert_int_equal(count, 14);
    for (unsigned i = 0; i < 2 * count; i++) {
        const int error = watch(net, epolls[i % 2], EPOLL_CTL_ADD, fds[i / 2], EPOLLIN, i);

        assert_int_equal(error, i < 16 ? 0 : -ENOSPC);
        watched += error == 0;
    }
    assert_int_equal(watched, 16);
    leat_bsd_close(s, epolls[0]);
    assert_int_equal(watch(net, epolls[1], EPOLL_CTL_ADD, fds[13], EPOLLIN, 0), 0);
    for (unsigned i = 0; i < count; i++)
        leat_bsd_close(s, fds[i]);
    leat_bsd_close(s, epolls[1]);
}

static void watches_are_limited(void **state)
{
    run_one(*state, fills);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_told_as_long_as_it_lasts),
        TEST(edges_and_single_shots_are_told_once),
        TEST(a_watch_lasts_as_long_as_its_socket),
        TEST(a_change_wakes_a_wait),
        TEST(a_change_wakes_a_poll_of_the_epoll),
        TEST(calls_that_are_wrong),
        TEST(watches_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

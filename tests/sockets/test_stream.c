/* test_stream.c -- connections: each rule by programs on both ends, or on one over its loopback. */
#include "sockets_test.h"

#include <poll.h>

enum {
    MANY = 700000
};

static char many[MANY], back[MANY];

static void fill(void)
{
    for (size_t i = 0; i < MANY; i++)
        many[i] = (char)(i * 7 + i / 251);
}

/* ---- families ------------------------------------------------------------------------------ */

/* A server that knows nothing of mapped addresses opens one listener for each family. */
static void listens_by_family(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in6 all6 = any6(PORT);
    const struct sockaddr_in all4 = any4(PORT), home4 = local4(PORT);
    struct sockaddr_in6 home6 = any6(PORT);
    const int six = leat_bsd_socket(s, AF_INET6, SOCK_STREAM, 0);
    const int four = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    const int yes = 1;

    home6.sin6_addr = in6addr_loopback;
    assert_int_equal(leat_bsd_setsockopt(s, six, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes), 0);
    assert_int_equal(leat_bsd_bind(s, four, &all4, sizeof all4), 0);
    assert_int_equal(leat_bsd_bind(s, six, &all6, sizeof all6), 0);
    assert_int_equal(leat_bsd_listen(s, six, 5), 0);
    assert_int_equal(leat_bsd_listen(s, four, 5), 0);
    for (unsigned i = 0; i < 4; i++) {
        const bool is_v6 = i % 2;
        const int fd = leat_bsd_socket(s, is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        struct sockaddr_storage peer;
        uint32_t len = sizeof peer;
        int taken;

        assert_int_equal(is_v6 ? leat_bsd_connect(s, fd, &home6, sizeof home6)
                               : leat_bsd_connect(s, fd, &home4, sizeof home4),
                         0);
        taken = leat_bsd_accept4(s, is_v6 ? six : four, &peer, &len, 0);
        assert_true(taken >= 0);
        assert_int_equal(peer.ss_family, is_v6 ? AF_INET6 : AF_INET);
        leat_bsd_close(s, taken);
        leat_bsd_close(s, fd);
    }
    leat_bsd_close(s, four);
    leat_bsd_close(s, six);
}

/* The same of UDP: two sockets of one port, each of which hears its family. */
static void hears_by_family(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in6 all6 = any6(PORT);
    const struct sockaddr_in all4 = any4(PORT), home4 = local4(PORT);
    struct sockaddr_in6 home6 = any6(PORT);
    const int six = leat_bsd_socket(s, AF_INET6, SOCK_DGRAM, 0);
    const int four = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);
    const int yes = 1;
    char byte;

    home6.sin6_addr = in6addr_loopback;
    assert_int_equal(leat_bsd_bind(s, six, &all6, sizeof all6), 0);
    assert_int_equal(leat_bsd_bind(s, four, &all4, sizeof all4), -EADDRINUSE);
    leat_bsd_close(s, six);
    assert_int_equal(leat_bsd_bind(s, four, &all4, sizeof all4), 0);
    assert_int_equal(leat_bsd_socket(s, AF_INET6, SOCK_DGRAM, 0), six);
    assert_int_equal(leat_bsd_setsockopt(s, six, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes), 0);
    assert_int_equal(leat_bsd_bind(s, six, &all6, sizeof all6), 0);
    for (unsigned i = 0; i < 4; i++) {
        const bool is_v6 = i % 2;
        const int fd = leat_bsd_socket(s, is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

        assert_int_equal(is_v6 ? leat_bsd_sendto(s, fd, "6", 1, 0, &home6, sizeof home6)
                               : leat_bsd_sendto(s, fd, "4", 1, 0, &home4, sizeof home4),
                         1);
        assert_int_equal(leat_bsd_recv(s, is_v6 ? six : four, &byte, 1, 0), 1);
        assert_int_equal(byte, is_v6 ? '6' : '4');
        assert_int_equal(leat_bsd_recv(s, is_v6 ? four : six, &byte, 1, MSG_DONTWAIT), -EAGAIN);
        leat_bsd_close(s, fd);
    }
    leat_bsd_close(s, four);
    leat_bsd_close(s, six);
}

static void each_family_has_its_socket_of_UDP(void **state)
{
    run_one(*state, hears_by_family);
}

static void each_family_has_its_listener(void **state)
{
    run_one(*state, listens_by_family);
}

/* ---- talk ---------------------------------------------------------------------------------- */

static void echo_once(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const int listener = listening(net);
    struct sockaddr_in peer;
    uint32_t len = sizeof peer;
    const int fd = leat_bsd_accept4(s, listener, &peer, &len, 0);
    char bytes[1000];
    intptr_t got;

    assert_true(fd >= 0);
    assert_int_equal(len, sizeof peer);
    assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x0a000002);
    while ((got = leat_bsd_recv(s, fd, bytes, sizeof bytes, 0)) > 0)
        assert_int_equal(leat_bsd_send(s, fd, bytes, (size_t)got, 0), got);
    assert_int_equal(got, 0);
    assert_int_equal(leat_bsd_close(s, fd), 0);
    assert_int_equal(leat_bsd_close(s, listener), 0);
}

static void says_hello(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int fd = connected(net);
    struct sockaddr_in name;
    uint32_t len = sizeof name;
    char bytes[10];

    assert_int_equal(leat_bsd_getpeername(s, fd, &name, &len), 0);
    assert_int_equal(ntohs(name.sin_port), PORT);
    assert_int_equal(leat_bsd_getsockname(s, fd, &name, &len), 0);
    assert_int_equal(ntohl(name.sin_addr.s_addr), 0x0a000002);
    assert_true(name.sin_port != 0);
    assert_int_equal(leat_bsd_write(s, fd, "hello", 5), 5);
    assert_int_equal(leat_bsd_recv(s, fd, bytes, 5, MSG_WAITALL), 5);
    assert_memory_equal(bytes, "hello", 5);
    /* half-close: the other direction goes on */
    assert_int_equal(leat_bsd_send(s, fd, "rest", 4, MSG_NOSIGNAL), 4);
    assert_int_equal(leat_bsd_shutdown(s, fd, SHUT_WR), 0);
    assert_int_equal(leat_bsd_send(s, fd, "x", 1, 0), -EPIPE);
    assert_int_equal(leat_bsd_recv(s, fd, bytes, sizeof bytes, MSG_WAITALL), 4);
    assert_memory_equal(bytes, "rest", 4);
    assert_int_equal(leat_bsd_read(s, fd, bytes, sizeof bytes), 0);
    assert_int_equal(leat_bsd_close(s, fd), 0);
    assert_int_equal(leat_bsd_close(s, fd), -EBADF);
}

static void a_client_and_a_server_talk(void **state)
{
    run_both(*state, echo_once, says_hello);
}

/* ---- IPv6, and IPv4 on a socket of both families --------------------------------------------- */

static void serves_both(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const struct sockaddr_in6 at = any6(PORT);
    const int listener = leat_bsd_socket(s, AF_INET6, SOCK_STREAM, 0);

    assert_int_equal(leat_bsd_bind(s, listener, &at, sizeof at), 0);
    assert_int_equal(leat_bsd_listen(s, listener, 5), 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in6 peer;
        uint32_t len = sizeof peer;
        const int fd = leat_bsd_accept4(s, listener, &peer, &len, SOCK_CLOEXEC);

        assert_int_equal(len, sizeof peer);
        assert_int_equal(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr), i == 1);
        assert_int_equal(leat_bsd_send(s, fd, "6", 1, 0), 1);
        assert_int_equal(leat_bsd_close(s, fd), 0);
    }
    assert_int_equal(leat_bsd_close(s, listener), 0);
}

static void connects_by_both(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in6 to = server6(PORT);
    const int six = leat_bsd_socket(s, AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    char byte;
    int four;

    assert_int_equal(leat_bsd_connect(s, six, &to, sizeof to), 0);
    assert_int_equal(leat_bsd_recv(s, six, &byte, 1, 0), 1);
    four = connected(net);
    assert_int_equal(leat_bsd_recv(s, four, &byte, 1, 0), 1);
    assert_int_equal(leat_bsd_recv(s, four, &byte, 1, 0), 0);
    leat_bsd_close(s, six);
    leat_bsd_close(s, four);
}

static void a_socket_of_ipv6_serves_both_families(void **state)
{
    run_both(*state, serves_both, connects_by_both);
}

/* ---- much ---------------------------------------------------------------------------------- */

static void reads_many(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const int listener = listening(net);
    const int fd = leat_bsd_accept4(s, listener, NULL, NULL, 0);

    sleep_for(net, SERVER, second); /* queue and window of the sender are full */
    assert_int_equal(leat_bsd_recv(s, fd, back, MANY, MSG_WAITALL), MANY);
    assert_memory_equal(back, many, MANY);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, listener);
}

static void writes_many(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int fd = connected(net);
    struct leat_iovec parts[3] = {{many, 10}, {many + 10, 0}, {many + 10, MANY - 10}};
    const struct leat_msghdr message = {.msg_iov = parts, .msg_iovlen = 3};

    fill();
    assert_int_equal(leat_bsd_sendmsg(s, fd, &message, 0), MANY);
    leat_bsd_close(s, fd);
}

static void a_blocking_send_takes_all(void **state)
{
    run_both(*state, reads_many, writes_many);
}

/* ---- on one stack -------------------------------------------------------------------------- */

static void fills(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    size_t sent = 0, got = 0;
    intptr_t part;
    int pair[2];

    fill();
    make_pair(net, pair);
    assert_int_equal(leat_bsd_fcntl(s, pair[0], LEAT_F_SETFL, LEAT_O_NONBLOCK), 0);
    assert_int_equal(leat_bsd_fcntl(s, pair[0], LEAT_F_GETFL, 0), LEAT_O_RDWR | LEAT_O_NONBLOCK);
    do {
        part = leat_bsd_send(s, pair[0], many, MANY, 0);
        sent += part > 0 ? (size_t)part : 0;
        sleep_for(net, CLIENT, ms);
    } while (part != -EAGAIN);
    assert_false(events_of(s, pair[0]) & POLLOUT);
    while (got < sent) {
        part = leat_bsd_recv(s, pair[1], back, MANY, 0);
        assert_true(part > 0);
        got += (size_t)part;
    }
    assert_int_equal(leat_bsd_recv(s, pair[1], back, 1, MSG_DONTWAIT), -EAGAIN);
    sleep_for(net, CLIENT, second);
    assert_true(events_of(s, pair[0]) & POLLOUT);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
}

static void a_full_queue_is_told_and_has_room_again(void **state)
{
    run_one(*state, fills);
}

static void peeks(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    char bytes[8] = "";
    int pair[2], readable = 0;

    make_pair(net, pair);
    assert_int_equal(leat_bsd_send(s, pair[0], "abcdef", 6, 0), 6);
    assert_int_equal(leat_bsd_recv(s, pair[1], bytes, 6, MSG_PEEK | MSG_WAITALL), 6);
    assert_int_equal(leat_bsd_ioctl(s, pair[1], LEAT_FIONREAD, &readable), 0);
    assert_int_equal(readable, 6);
    assert_int_equal(leat_bsd_recv(s, pair[1], bytes, 2, MSG_PEEK), 2);
    assert_memory_equal(bytes, "ab", 2);
    assert_int_equal(leat_bsd_recv(s, pair[1], bytes, 1, 0), 1);
    assert_int_equal(leat_bsd_recv(s, pair[1], NULL, 2, MSG_TRUNC), 2); /* drops "bc" */
    assert_int_equal(leat_bsd_send(s, pair[0], "gh", 2, 0), 2);
    assert_int_equal(leat_bsd_recv(s, pair[1], bytes, 5, MSG_WAITALL), 5);
    assert_memory_equal(bytes, "defgh", 5);
    /* unread data that a peek has taken resets the connection, as any */
    assert_int_equal(leat_bsd_send(s, pair[0], "i", 1, 0), 1);
    assert_int_equal(leat_bsd_recv(s, pair[1], bytes, 1, MSG_PEEK), 1);
    leat_bsd_close(s, pair[1]);
    assert_int_equal(leat_bsd_recv(s, pair[0], bytes, 1, 0), -ECONNRESET);
    leat_bsd_close(s, pair[0]);
}

static void a_peek_leaves_the_data(void **state)
{
    run_one(*state, peeks);
}

/* ---- resets -------------------------------------------------------------------------------- */

static void is_reset(struct net *net)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in name = server4(PORT);
    uint32_t len = sizeof name;
    char bytes[4];
    int pair[2];

    make_pair(net, pair);
    assert_int_equal(leat_bsd_send(s, pair[1], "ab", 2, 0), 2);
    sleep_for(net, CLIENT, ms);
    leat_bsd_setsockopt(s, pair[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    leat_bsd_close(s, pair[1]);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(events_of(s, pair[0]), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM |
                                                POLLWRNORM | LEAT_POLLRDHUP);
    /* what came before the reset can be read; then the error is told once */
    assert_int_equal(leat_bsd_recv(s, pair[0], bytes, 1, 0), 1);
    assert_int_equal(leat_bsd_recv(s, pair[0], bytes, 4, 0), 1);
    assert_int_equal(leat_bsd_recv(s, pair[0], bytes, 4, 0), -ECONNRESET);
    assert_int_equal(leat_bsd_recv(s, pair[0], bytes, 4, 0), 0);
    assert_int_equal(leat_bsd_send(s, pair[0], bytes, 4, 0), -EPIPE);
    assert_int_equal(leat_bsd_getpeername(s, pair[0], &name, &len), -ENOTCONN);
    assert_int_equal(leat_bsd_connect(s, pair[0], &name, len), -EISCONN);
    leat_bsd_close(s, pair[0]);
}

static void a_reset_is_told_once_behind_the_data(void **state)
{
    run_one(*state, is_reset);
}

static void refused(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    struct sockaddr_in to = local4(PORT);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int other = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    uint32_t len = sizeof(int);
    int error = 0;

    assert_int_equal(leat_bsd_connect(s, other, &to, sizeof to), -ECONNREFUSED);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EINPROGRESS);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EALREADY);
    sleep_for(net, CLIENT, ms);
    assert_true(events_of(s, fd) & POLLERR);
    assert_int_equal(leat_bsd_getsockopt(s, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, ECONNREFUSED);
    assert_int_equal(leat_bsd_getsockopt(s, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, 0);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -ECONNABORTED);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EINPROGRESS);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, other);
}

static void a_refused_connect_can_be_tried_again(void **state)
{
    run_one(*state, refused);
}

static void connects_slowly(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in to = server4(PORT);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct leat_pollfd one = {.fd = fd, .events = POLLOUT};

    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EINPROGRESS);
    assert_int_equal(leat_bsd_send(s, fd, "x", 1, 0), -EAGAIN);
    assert_int_equal(events_of(s, fd), 0);
    assert_int_equal(leat_bsd_poll(s, &one, 1, -1), 1);
    assert_int_equal(one.revents, POLLOUT);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), 0);
    assert_int_equal(leat_bsd_connect(s, fd, &to, sizeof to), -EISCONN);
    leat_bsd_close(s, fd);
}

static void accepts_one(struct net *net)
{
    struct leat_sockets *s = net->sockets[SERVER];
    const int listener = listening(net);
    const int fd = leat_bsd_accept4(s, listener, NULL, NULL, SOCK_NONBLOCK);

    assert_int_equal(leat_bsd_fcntl(s, fd, LEAT_F_GETFL, 0), LEAT_O_RDWR | LEAT_O_NONBLOCK);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, listener);
}

static void a_connect_goes_on_without_its_caller(void **state)
{
    run_both(*state, accepts_one, connects_slowly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_and_a_server_talk),
        TEST6(a_socket_of_ipv6_serves_both_families),
        TEST6(each_family_has_its_listener),
        TEST6(each_family_has_its_socket_of_UDP),
        TEST(a_blocking_send_takes_all),
        TEST(a_full_queue_is_told_and_has_room_again),
        TEST(a_peek_leaves_the_data),
        TEST(a_reset_is_told_once_behind_the_data),
        TEST(a_refused_connect_can_be_tried_again),
        TEST(a_connect_goes_on_without_its_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

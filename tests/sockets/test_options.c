/* test_options.c -- options of sockets, and groups. */
#include "sockets_test.h"

/* ---- options -------------------------------------------------------------------------------- */

static int option(struct leat_sockets *s, int fd, int level, int name)
{
    int value = -1;
    uint32_t len = sizeof value;
    const int error = leat_bsd_getsockopt(s, fd, level, name, &value, &len);

    return error ? error : value;
}

static int set_option(struct leat_sockets *s, int fd, int level, int name, int value)
{
    return leat_bsd_setsockopt(s, fd, level, name, &value, sizeof value);
}

static void options(struct net *net)
{
    static const int flags[][2] = {
        {SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_KEEPALIVE},
        {SOL_SOCKET, SO_OOBINLINE}, {IPPROTO_TCP, TCP_NODELAY},
    };
    struct leat_sockets *s = net->sockets[CLIENT];
    const int udp = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);
    struct tcp_info info;
    uint32_t len = sizeof info;
    char name[16] = "";
    int pair[2];

    make_pair(net, pair);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        assert_int_equal(option(s, pair[0], flags[i][0], flags[i][1]), 0);
        assert_int_equal(set_option(s, pair[0], flags[i][0], flags[i][1], 7), 0);
        assert_int_equal(option(s, pair[0], flags[i][0], flags[i][1]), 1);
    }
    assert_int_equal(option(s, pair[0], SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    assert_int_equal(option(s, udp, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    assert_int_equal(option(s, udp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    assert_int_equal(option(s, udp, SOL_SOCKET, SO_DOMAIN), AF_INET);
    assert_int_equal(option(s, pair[0], SOL_SOCKET, SO_ACCEPTCONN), 0);
    assert_int_equal(set_option(s, pair[0], SOL_SOCKET, SO_TYPE, 1), -ENOPROTOOPT);
    assert_int_equal(set_option(s, pair[0], SOL_SOCKET, 999, 1), -ENOPROTOOPT);
    assert_int_equal(option(s, pair[0], SOL_SOCKET, 999), -ENOPROTOOPT);
    assert_int_equal(set_option(s, pair[0], IPPROTO_TCP, 999, 1), -ENOPROTOOPT);
    assert_int_equal(set_option(s, udp, IPPROTO_TCP, TCP_NODELAY, 1), -ENOPROTOOPT);
    assert_int_equal(leat_bsd_setsockopt(s, udp, SOL_SOCKET, SO_BROADCAST, "", 1), -EINVAL);
    assert_int_equal(set_option(s, pair[0], SOL_SOCKET, SO_SNDBUF, 10000), 0);
    assert_int_equal(option(s, pair[0], SOL_SOCKET, SO_SNDBUF), 20000);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_TTL, 9), 0);
    assert_int_equal(option(s, udp, IPPROTO_IP, IP_TTL), 9);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_TTL, 0), -EINVAL);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_TTL, 256), -EINVAL);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_TTL, -1), 0);
    assert_int_equal(option(s, udp, IPPROTO_IP, IP_TTL), 64);
    assert_int_equal(leat_bsd_getsockopt(s, pair[0], IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    assert_int_equal(len, sizeof info);
    assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
    assert_true(info.tcpi_snd_mss > 500);
    len = sizeof name;
    assert_int_equal(leat_bsd_getsockopt(s, pair[0], IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
    assert_string_equal(name, "cubic");
    assert_int_equal(leat_bsd_setsockopt(s, pair[0], IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    assert_int_equal(leat_bsd_setsockopt(s, pair[0], IPPROTO_TCP, TCP_CONGESTION, "vegas", 5),
                     -ENOENT);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
    leat_bsd_close(s, udp);
}

static void options_are_set_and_told(void **state)
{
    run_one(*state, options);
}

static void groups(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct ip_mreq mreq = {.imr_multiaddr.s_addr = htonl(0xe0000105)};
    const struct sockaddr_in at = any4(PORT);
    const int udp = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(leat_bsd_bind(s, udp, &at, sizeof at), 0);
    assert_int_equal(leat_bsd_setsockopt(s, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq),
                     0);
    assert_int_equal(leat_bsd_setsockopt(s, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq),
                     -EADDRINUSE);
    assert_int_equal(
        leat_bsd_setsockopt(s, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof mreq), 0);
    assert_int_equal(
        leat_bsd_setsockopt(s, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof mreq),
        -EADDRNOTAVAIL);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
    assert_int_equal(set_option(s, udp, IPPROTO_IP, IP_MULTICAST_TTL, 4), 0);
    assert_int_equal(option(s, udp, IPPROTO_IP, IP_MULTICAST_TTL), 4);
    leat_bsd_close(s, udp);
}

static void groups_are_joined_and_left(void **state)
{
    run_one(*state, groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_set_and_told),
        TEST(groups_are_joined_and_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_calls.c -- each error of each call; datagrams; waits for several; options. */
#include "sockets_test.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

/* A hosted program passes the structs of its C library. */
_Static_assert(sizeof(struct leat_sockaddr_in) == sizeof(struct sockaddr_in), "");
_Static_assert(sizeof(struct leat_sockaddr_in6) == sizeof(struct sockaddr_in6), "");
_Static_assert(sizeof(struct leat_iovec) == sizeof(struct iovec), "");
_Static_assert(sizeof(struct leat_msghdr) == sizeof(struct msghdr), "");
_Static_assert(offsetof(struct leat_msghdr, msg_flags) == offsetof(struct msghdr, msg_flags), "");
_Static_assert(sizeof(struct leat_pollfd) == sizeof(struct pollfd), "");
_Static_assert(sizeof(struct leat_timeval) == sizeof(struct timeval), "");
_Static_assert(sizeof(struct leat_fd_set) == sizeof(fd_set), "");
_Static_assert(sizeof(struct leat_linger) == sizeof(struct linger), "");
_Static_assert(sizeof(struct leat_ip_mreq) == sizeof(struct ip_mreq), "");
_Static_assert(sizeof(struct leat_ipv6_mreq) == sizeof(struct ipv6_mreq), "");
_Static_assert(sizeof(struct leat_bsd_tcp_info) == sizeof(struct tcp_info), "");
_Static_assert(offsetof(struct leat_bsd_tcp_info, tcpi_total_retrans) ==
                   offsetof(struct tcp_info, tcpi_total_retrans),
               "");

/* The same names without LEAT_ are the host's numbers. */
#define SAME(name) assert_int_equal(LEAT_##name, name)

static void numbers_are_those_of_the_host(void **state)
{
    (void)state;
    SAME(AF_INET), SAME(AF_INET6), SAME(AF_UNSPEC), SAME(SOCK_STREAM), SAME(SOCK_DGRAM);
    SAME(SOCK_NONBLOCK), SAME(SOCK_CLOEXEC), SAME(SOL_SOCKET), SAME(SO_REUSEADDR), SAME(SO_TYPE);
    SAME(SO_ERROR), SAME(SO_DONTROUTE), SAME(SO_BROADCAST), SAME(SO_SNDBUF), SAME(SO_RCVBUF);
    SAME(SO_KEEPALIVE), SAME(SO_OOBINLINE), SAME(SO_LINGER), SAME(SO_REUSEPORT), SAME(SO_RCVLOWAT);
    SAME(SO_SNDLOWAT), SAME(SO_RCVTIMEO), SAME(SO_SNDTIMEO), SAME(SO_ACCEPTCONN), SAME(SO_PROTOCOL);
    SAME(SO_DOMAIN), SAME(IPPROTO_TCP), SAME(IPPROTO_UDP), SAME(IPPROTO_IPV6), SAME(IPPROTO_IP);
    SAME(TCP_NODELAY), SAME(TCP_MAXSEG), SAME(TCP_INFO), SAME(TCP_CONGESTION),
        SAME(TCP_USER_TIMEOUT);
    SAME(IP_TOS), SAME(IP_TTL), SAME(IP_MULTICAST_TTL), SAME(IP_MULTICAST_LOOP);
    SAME(IP_ADD_MEMBERSHIP), SAME(IP_DROP_MEMBERSHIP), SAME(IPV6_UNICAST_HOPS), SAME(IPV6_V6ONLY);
    SAME(IPV6_MULTICAST_HOPS), SAME(IPV6_MULTICAST_LOOP), SAME(IPV6_TCLASS);
    SAME(IPV6_ADD_MEMBERSHIP), SAME(IPV6_DROP_MEMBERSHIP);
    SAME(MSG_OOB), SAME(MSG_PEEK), SAME(MSG_TRUNC), SAME(MSG_DONTWAIT), SAME(MSG_WAITALL);
    SAME(MSG_NOSIGNAL), SAME(MSG_MORE), SAME(MSG_ERRQUEUE), SAME(SHUT_RD), SAME(SHUT_RDWR);
    SAME(POLLIN), SAME(POLLPRI), SAME(POLLOUT), SAME(POLLERR), SAME(POLLHUP), SAME(POLLNVAL);
    SAME(POLLRDNORM), SAME(POLLRDBAND), SAME(POLLWRNORM), SAME(POLLWRBAND), SAME(POLLRDHUP);
    SAME(F_DUPFD), SAME(F_GETFD), SAME(F_SETFD), SAME(F_GETFL), SAME(F_SETFL),
        SAME(F_DUPFD_CLOEXEC);
    SAME(O_NONBLOCK), SAME(FIONREAD), SAME(FIONBIO), SAME(EFD_SEMAPHORE), SAME(FD_SETSIZE);
    SAME(ENOENT), SAME(EBADF), SAME(EAGAIN), SAME(ENOMEM), SAME(EACCES), SAME(EFAULT), SAME(ENODEV);
    SAME(EINVAL), SAME(ENFILE), SAME(EMFILE), SAME(ENOTTY), SAME(EPIPE), SAME(EDOM), SAME(EPROTO);
    SAME(ENOTSOCK), SAME(EDESTADDRREQ), SAME(EMSGSIZE), SAME(ENOPROTOOPT), SAME(EPROTONOSUPPORT);
    SAME(ESOCKTNOSUPPORT), SAME(EOPNOTSUPP), SAME(EAFNOSUPPORT), SAME(EADDRINUSE);
    SAME(EADDRNOTAVAIL), SAME(ENETUNREACH), SAME(ECONNABORTED), SAME(ECONNRESET), SAME(ENOBUFS);
    SAME(EISCONN), SAME(ENOTCONN), SAME(ETIMEDOUT), SAME(ECONNREFUSED), SAME(EHOSTUNREACH);
    SAME(EALREADY), SAME(EINPROGRESS), SAME(ECANCELED), SAME(EPROTOTYPE);
}

/* ---- errors -------------------------------------------------------------------------------- */

static void sockets_that_do_not_exist(void **state)
{
    struct leat_sockets *s = ((struct net *)*state)->sockets[CLIENT];
    struct sockaddr_in in = local4(PORT);
    uint32_t len = sizeof in;
    struct leat_msghdr message = {.msg_iovlen = 0};

    for (int i = 0; i < 3; i++) {
        const int fd = (int[]){-1, 3, 1000}[i];

        assert_int_equal(leat_bsd_bind(s, fd, &in, len), -EBADF);
        assert_int_equal(leat_bsd_listen(s, fd, 1), -EBADF);
        assert_int_equal(leat_bsd_accept4(s, fd, NULL, NULL, 0), -EBADF);
        assert_int_equal(leat_bsd_connect(s, fd, &in, len), -EBADF);
        assert_int_equal(leat_bsd_getsockname(s, fd, &in, &len), -EBADF);
        assert_int_equal(leat_bsd_getpeername(s, fd, &in, &len), -EBADF);
        assert_int_equal(leat_bsd_shutdown(s, fd, SHUT_RD), -EBADF);
        assert_int_equal(leat_bsd_close(s, fd), -EBADF);
        assert_int_equal(leat_bsd_dup(s, fd), -EBADF);
        assert_int_equal(leat_bsd_dup2(s, fd, 3), -EBADF);
        assert_int_equal(leat_bsd_fcntl(s, fd, F_GETFL, 0), -EBADF);
        assert_int_equal(leat_bsd_ioctl(s, fd, FIONREAD, &len), -EBADF);
        assert_int_equal(leat_bsd_send(s, fd, "", 0, 0), -EBADF);
        assert_int_equal(leat_bsd_sendmsg(s, fd, &message, 0), -EBADF);
        assert_int_equal(leat_bsd_recv(s, fd, NULL, 0, 0), -EBADF);
        assert_int_equal(leat_bsd_recvmsg(s, fd, &message, 0), -EBADF);
        assert_int_equal(leat_bsd_read(s, fd, NULL, 0), -EBADF);
        assert_int_equal(leat_bsd_write(s, fd, NULL, 0), -EBADF);
        assert_int_equal(leat_bsd_getsockopt(s, fd, SOL_SOCKET, SO_TYPE, &in, &len), -EBADF);
        assert_int_equal(leat_bsd_setsockopt(s, fd, SOL_SOCKET, SO_TYPE, &in, len), -EBADF);
    }
}

static void sockets_that_cannot_be_made(void **state)
{
    struct leat_sockets *s = ((struct net *)*state)->sockets[CLIENT];
    int fds[17];

    assert_int_equal(leat_bsd_socket(s, AF_UNIX, SOCK_STREAM, 0), -EAFNOSUPPORT);
    assert_int_equal(leat_bsd_socket(s, AF_INET6, SOCK_STREAM, 0), -EAFNOSUPPORT);
    assert_int_equal(leat_bsd_socket(s, AF_INET, 0, 0), -EINVAL);
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_RAW, 0), -ESOCKTNOSUPPORT);
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_DGRAM, IPPROTO_TCP), -EPROTONOSUPPORT);
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_STREAM, -1), -EINVAL);
    assert_int_equal(leat_bsd_eventfd(s, 0, 1 << 20), -EINVAL);
    for (int i = 0; i < 16; i++) {
        fds[i] = leat_bsd_socket(s, AF_INET, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0);
        assert_int_equal(fds[i], 3 + i);
    }
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0), -EMFILE);
    assert_int_equal(leat_bsd_dup(s, 3), -EMFILE);
    assert_int_equal(leat_bsd_fcntl(s, 3, F_DUPFD, 19), -EINVAL);
    assert_int_equal(leat_bsd_fcntl(s, 3, F_DUPFD, -1), -EINVAL);
    assert_int_equal(leat_bsd_fcntl(s, 3, 77, 0), -EINVAL);
    assert_int_equal(leat_bsd_dup2(s, 3, 19), -EBADF);
    assert_int_equal(leat_bsd_dup2(s, 3, 3), 3);
    assert_int_equal(leat_sockets_counts(s)->refused, 2);
    assert_int_equal(leat_bsd_close(s, 9), 0);
    assert_int_equal(leat_bsd_socket(s, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 9);
    assert_int_equal(leat_bsd_fcntl(s, 9, F_GETFD, 0), FD_CLOEXEC);
    assert_int_equal(leat_bsd_fcntl(s, 9, F_SETFD, 0), 0);
    assert_int_equal(leat_bsd_fcntl(s, 9, F_GETFD, 0), 0);
}

static void addresses_that_cannot_be_bound(void **state)
{
    struct leat_sockets *s = ((struct net *)*state)->sockets[CLIENT];
    struct sockaddr_in in = any4(PORT);
    struct sockaddr_in6 in6 = any6(PORT);

    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        const int fd = leat_bsd_socket(s, AF_INET, type, 0);
        const int other = leat_bsd_socket(s, AF_INET, type, 0);
        uint32_t len = sizeof in;
        struct sockaddr_in name;

        in = any4(PORT);
        assert_int_equal(leat_bsd_bind(s, fd, &in, sizeof in - 1), -EINVAL);
        assert_int_equal(leat_bsd_bind(s, fd, NULL, 0), -EINVAL);
        assert_int_equal(leat_bsd_bind(s, fd, &in6, sizeof in6), -EAFNOSUPPORT);
        in.sin_addr.s_addr = htonl(0x0a000001); /* the server's */
        assert_int_equal(leat_bsd_bind(s, fd, &in, sizeof in), -EADDRNOTAVAIL);
        in = any4(PORT);
        assert_int_equal(leat_bsd_bind(s, fd, &in, sizeof in), 0);
        assert_int_equal(leat_bsd_bind(s, fd, &in, sizeof in), -EINVAL);
        assert_int_equal(leat_bsd_bind(s, other, &in, sizeof in), -EADDRINUSE);
        in.sin_addr.s_addr = htonl(0x0a000002);
        assert_int_equal(leat_bsd_bind(s, other, &in, sizeof in), -EADDRINUSE);
        in.sin_port = 0;
        assert_int_equal(leat_bsd_bind(s, other, &in, sizeof in), 0);
        assert_int_equal(leat_bsd_getsockname(s, other, &name, &len), 0);
        assert_true(name.sin_port != 0 && name.sin_addr.s_addr == in.sin_addr.s_addr);
        leat_bsd_close(s, fd);
        leat_bsd_close(s, other);
    }
}

static void listeners_share_a_port_only_one_at_a_time(void **state)
{
    struct leat_sockets *s = ((struct net *)*state)->sockets[CLIENT];
    const struct sockaddr_in in = any4(PORT);
    const int a = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    const int b = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    const int on = 1;

    leat_bsd_setsockopt(s, a, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    leat_bsd_setsockopt(s, b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(leat_bsd_bind(s, a, &in, sizeof in), 0);
    assert_int_equal(leat_bsd_bind(s, b, &in, sizeof in), 0);
    assert_int_equal(leat_bsd_listen(s, a, 0), 0);
    assert_int_equal(leat_bsd_listen(s, a, 9), 0);
    assert_int_equal(leat_bsd_listen(s, b, 0), -EADDRINUSE);
    assert_int_equal(leat_bsd_accept4(s, b, NULL, NULL, 0), -EINVAL);
    assert_int_equal(leat_bsd_accept4(s, a, NULL, NULL, 0), -EAGAIN); /* no task */
    assert_int_equal(leat_bsd_accept4(s, a, NULL, NULL, 1), -EINVAL);
    assert_int_equal(leat_bsd_connect(s, a, &in, sizeof in), -EISCONN);
    assert_int_equal(leat_bsd_recv(s, a, NULL, 0, 0), -ENOTCONN);
    assert_int_equal(leat_bsd_send(s, a, "x", 1, 0), -EPIPE);
    leat_bsd_close(s, a);
    assert_int_equal(leat_bsd_listen(s, b, 0), 0);
}

static void streams_without_a_connection(void **state)
{
    struct leat_sockets *s = ((struct net *)*state)->sockets[CLIENT];
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in in = local4(0);
    uint32_t len = sizeof in;
    char byte;

    assert_int_equal(leat_bsd_recv(s, fd, &byte, 1, 0), -ENOTCONN);
    assert_int_equal(leat_bsd_send(s, fd, "x", 1, 0), -EPIPE);
    assert_int_equal(leat_bsd_getpeername(s, fd, &in, &len), -ENOTCONN);
    assert_int_equal(leat_bsd_getsockname(s, fd, &in, &len), 0);
    assert_int_equal(in.sin_port, 0);
    assert_int_equal(leat_bsd_getsockname(s, fd, &in, NULL), -EFAULT);
    assert_int_equal(leat_bsd_shutdown(s, fd, 3), -EINVAL);
    assert_int_equal(leat_bsd_shutdown(s, fd, -1), -EINVAL);
    assert_int_equal(events_of(s, fd), POLLOUT | POLLWRNORM | POLLHUP);
    assert_int_equal(leat_bsd_shutdown(s, fd, SHUT_RDWR), -ENOTCONN);
    assert_int_equal(leat_bsd_connect(s, fd, &in, 1), -EINVAL);
    assert_int_equal(leat_bsd_connect(s, fd, &in, 8), -EINVAL);
    in.sin_family = AF_INET6;
    assert_int_equal(leat_bsd_connect(s, fd, &in, sizeof in), -EAFNOSUPPORT);
    in = local4(0);
    assert_int_equal(leat_bsd_connect(s, fd, &in, sizeof in), -ECONNREFUSED);
    in.sin_addr.s_addr = htonl(0xe0000001);
    in.sin_port = 1;
    assert_int_equal(leat_bsd_connect(s, fd, &in, sizeof in), -ENETUNREACH);
    assert_int_equal(leat_bsd_recv(s, fd, &byte, 1, MSG_ERRQUEUE), -EAGAIN);
}

/* ---- datagrams ------------------------------------------------------------------------------ */

static int bound(struct net *net, uint16_t port)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in at = any4(port);
    const int fd = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(leat_bsd_bind(s, fd, &at, sizeof at), 0);
    return fd;
}

static void exchange(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in to = local4(PORT);
    struct sockaddr_in nobody = local4(PORT + 1);
    const int fd = bound(net, PORT), other = leat_bsd_socket(s, AF_INET, SOCK_DGRAM, 0);
    struct leat_iovec parts[2] = {{NULL, 3}, {NULL, 10}};
    char a[3], b[10], bytes[8];
    struct sockaddr_in peer, name;
    struct leat_msghdr message = {&peer, sizeof peer, parts, 2, NULL, 0, 0};
    uint32_t len = sizeof name;

    nobody.sin_addr.s_addr = htonl(0x0a000002); /* ours, but not of the loopback */
    parts[0].iov_base = a;
    parts[1].iov_base = b;
    assert_int_equal(leat_bsd_send(s, other, "x", 1, 0), -EDESTADDRREQ);
    assert_int_equal(leat_bsd_sendto(s, other, "hello", 5, 0, &to, sizeof to), 5);
    assert_int_equal(leat_bsd_sendto(s, other, "", 0, 0, &to, sizeof to), 0);
    assert_int_equal(leat_bsd_sendto(s, other, "cut off", 7, 0, &to, sizeof to), 7);
    assert_int_equal(leat_bsd_recvmsg(s, fd, &message, 0), 5);
    assert_int_equal(message.msg_flags, 0);
    assert_memory_equal(a, "hel", 3);
    assert_memory_equal(b, "lo", 2);
    assert_int_equal(leat_bsd_getsockname(s, other, &name, &len), 0);
    assert_int_equal(peer.sin_port, name.sin_port);
    assert_int_equal(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    sleep_for(net, CLIENT, ms);
    assert_true(events_of(s, fd) & POLLIN);
    assert_int_equal(leat_bsd_recv(s, fd, bytes, 8, 0), 0);
    assert_int_equal(leat_bsd_recv(s, fd, bytes, 3, MSG_PEEK | MSG_TRUNC), 7);
    message.msg_iovlen = 1;
    assert_int_equal(leat_bsd_recvmsg(s, fd, &message, 0), 3);
    assert_int_equal(message.msg_flags, MSG_TRUNC);
    assert_int_equal(leat_bsd_recv(s, fd, bytes, 8, MSG_DONTWAIT), -EAGAIN);
    /* a connected socket hears its peer only, and of errors */
    assert_int_equal(leat_bsd_connect(s, other, &nobody, sizeof nobody), 0);
    assert_int_equal(leat_bsd_getpeername(s, other, &name, &len), 0);
    peer.sin_addr = nobody.sin_addr;
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &peer, sizeof peer), 1);
    assert_int_equal(leat_bsd_send(s, other, "x", 1, 0), 1);
    sleep_for(net, CLIENT, ms);
    assert_true(events_of(s, other) & POLLERR);
    assert_int_equal(leat_bsd_recv(s, other, bytes, 8, MSG_DONTWAIT), -ECONNREFUSED);
    assert_int_equal(leat_bsd_recv(s, other, bytes, 8, MSG_DONTWAIT), -EAGAIN);
    name.sin_family = AF_UNSPEC;
    assert_int_equal(leat_bsd_connect(s, other, &name, sizeof name), 0);
    assert_int_equal(leat_bsd_send(s, other, "x", 1, 0), -EDESTADDRREQ);
    assert_int_equal(leat_bsd_shutdown(s, other, SHUT_RDWR), -ENOTCONN);
    leat_bsd_close(s, fd);
    leat_bsd_close(s, other);
}

static void datagrams_are_exchanged(void **state)
{
    run_one(*state, exchange);
}

static void refuse_datagrams(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    static char large[65508];
    struct sockaddr_in to = local4(PORT);
    const int fd = bound(net, PORT);
    const int on = 1;

    assert_int_equal(leat_bsd_listen(s, fd, 1), -EOPNOTSUPP);
    assert_int_equal(leat_bsd_accept4(s, fd, NULL, NULL, 0), -EOPNOTSUPP);
    assert_int_equal(leat_bsd_sendto(s, fd, large, 65508, 0, &to, sizeof to), -EMSGSIZE);
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, MSG_OOB, &to, sizeof to), -EOPNOTSUPP);
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, 3), -EINVAL);
    to.sin_port = 0;
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, sizeof to), -EINVAL);
    to = server4(PORT);
    to.sin_addr.s_addr = htonl(0x0a0000ff);
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, sizeof to), -EACCES);
    assert_int_equal(leat_bsd_setsockopt(s, fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, sizeof to), 1);
    to.sin_addr.s_addr = htonl(0xc0000201);
    assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, sizeof to), -ENETUNREACH);
    leat_bsd_close(s, fd);
}

static void datagrams_are_refused(void **state)
{
    run_one(*state, refuse_datagrams);
}

static void flood(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const struct sockaddr_in to = local4(PORT);
    const int fd = bound(net, PORT);
    char byte;
    int got = 0;

    for (int i = 0; i < 8; i++)
        assert_int_equal(leat_bsd_sendto(s, fd, "x", 1, 0, &to, sizeof to), 1);
    sleep_for(net, CLIENT, ms);
    while (leat_bsd_recv(s, fd, &byte, 1, MSG_DONTWAIT) == 1)
        got++;
    assert_int_equal(got, 4); /* half of eight places */
    assert_int_equal(leat_sockets_counts(s)->dropped, 4);
    leat_bsd_close(s, fd);
}

static void a_flooded_socket_leaves_places_to_others(void **state)
{
    run_one(*state, flood);
}

/* ---- waits for several ----------------------------------------------------------------------- */

static void adds_later(struct net *net)
{
    const uint64_t three = 3;

    sleep_for(net, CLIENT, 200 * ms);
    assert_int_equal(leat_bsd_write(net->sockets[CLIENT], net->shared, &three, 8), 8);
}

static void polls(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const uint64_t began_ns = net->world->now_ns;
    struct timeval left = {1, 0};
    struct leat_pollfd fds[4];
    uint64_t count;
    int pair[2];
    fd_set in;

    make_pair(net, pair);
    net->shared = leat_bsd_eventfd(s, 0, 0);
    fds[0] = (struct leat_pollfd){.fd = pair[0], .events = POLLIN};
    fds[1] = (struct leat_pollfd){.fd = -1, .events = POLLIN, .revents = 7};
    fds[2] = (struct leat_pollfd){.fd = net->shared, .events = POLLIN};
    fds[3] = (struct leat_pollfd){.fd = pair[1], .events = POLLIN};
    assert_int_equal(leat_bsd_poll(s, fds, 4, 0), 0);
    assert_int_equal(leat_bsd_poll(s, fds, 4, 100), 0);
    assert_in_range(net->world->now_ns - began_ns, 100 * ms, 110 * ms);
    start(net, CLIENT, adds_later);
    assert_int_equal(leat_bsd_poll(s, fds, 4, -1), 1);
    assert_int_equal(fds[2].revents, POLLIN);
    assert_int_equal(fds[1].revents, 0);
    assert_in_range(net->world->now_ns - began_ns, 300 * ms, 320 * ms);
    assert_int_equal(leat_bsd_read(s, net->shared, &count, 8), 8);
    assert_int_equal(count, 3);
    assert_int_equal(leat_bsd_send(s, pair[0], "x", 1, 0), 1);
    FD_ZERO(&in);
    FD_SET(pair[1], &in);
    FD_SET(pair[0], &in);
    assert_int_equal(leat_bsd_select(s, 20, (void *)&in, NULL, NULL, (void *)&left), 1);
    assert_true(FD_ISSET(pair[1], &in));
    assert_false(FD_ISSET(pair[0], &in));
    assert_in_range(left.tv_sec * 1000000 + left.tv_usec, 900000, 1000000);
    assert_int_equal(leat_bsd_select(s, 20, (void *)&in, (void *)&in, NULL, NULL), 2);
    fds[3].fd = 18;
    assert_int_equal(leat_bsd_poll(s, fds, 4, -1), 1);
    assert_int_equal(fds[3].revents, POLLNVAL);
    FD_SET(18, &in);
    assert_int_equal(leat_bsd_select(s, 20, (void *)&in, NULL, NULL, NULL), -EBADF);
    assert_int_equal(leat_bsd_select(s, 18, NULL, NULL, NULL, (void *)&left), 0);
    assert_int_equal(leat_bsd_select(s, -1, NULL, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(leat_bsd_poll(s, fds, 1000000, 0), -EINVAL);
    /* the peer's end: readable, and then hung up */
    leat_bsd_shutdown(s, pair[0], SHUT_WR);
    sleep_for(net, CLIENT, ms);
    assert_int_equal(events_of(s, pair[1]),
                     POLLIN | POLLRDNORM | LEAT_POLLRDHUP | POLLOUT | POLLWRNORM);
    leat_bsd_shutdown(s, pair[1], SHUT_RDWR);
    assert_true(events_of(s, pair[1]) & POLLHUP);
    leat_bsd_close(s, pair[0]);
    leat_bsd_close(s, pair[1]);
    leat_bsd_close(s, net->shared);
}

static void poll_and_select_wait_for_several(void **state)
{
    run_one(*state, polls);
}

static void event_calls(struct net *net)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const int fd = leat_bsd_eventfd(s, 2, EFD_SEMAPHORE | EFD_NONBLOCK);
    uint64_t count = UINT64_MAX;
    uint32_t len = 4;

    assert_int_equal(leat_bsd_write(s, fd, &count, 8), -EINVAL);
    assert_int_equal(leat_bsd_read(s, fd, &count, 7), -EINVAL);
    assert_int_equal(leat_bsd_read(s, fd, &count, 8), 8);
    assert_int_equal(count, 1);
    assert_int_equal(leat_bsd_read(s, fd, &count, 8), 8);
    assert_int_equal(leat_bsd_read(s, fd, &count, 8), -EAGAIN);
    assert_int_equal(events_of(s, fd), POLLOUT);
    count = UINT64_MAX - 1;
    assert_int_equal(leat_bsd_write(s, fd, &count, 8), 8);
    assert_int_equal(events_of(s, fd), POLLIN);
    count = 1;
    assert_int_equal(leat_bsd_write(s, fd, &count, 8), -EAGAIN);
    assert_int_equal(leat_bsd_recv(s, fd, &count, 8, 0), -ENOTSOCK);
    assert_int_equal(leat_bsd_send(s, fd, &count, 8, 0), -ENOTSOCK);
    assert_int_equal(leat_bsd_bind(s, fd, &count, 8), -ENOTSOCK);
    assert_int_equal(leat_bsd_listen(s, fd, 1), -ENOTSOCK);
    assert_int_equal(leat_bsd_accept4(s, fd, NULL, NULL, 0), -ENOTSOCK);
    assert_int_equal(leat_bsd_connect(s, fd, &count, 8), -ENOTSOCK);
    assert_int_equal(leat_bsd_shutdown(s, fd, 0), -ENOTSOCK);
    assert_int_equal(leat_bsd_getsockname(s, fd, &count, &len), -ENOTSOCK);
    assert_int_equal(leat_bsd_getsockopt(s, fd, SOL_SOCKET, SO_TYPE, &count, &len), -ENOTSOCK);
    assert_int_equal(leat_bsd_setsockopt(s, fd, SOL_SOCKET, SO_TYPE, &count, 4), -ENOTSOCK);
    assert_int_equal(leat_bsd_ioctl(s, fd, FIONREAD, &count), -ENOTTY);
    leat_bsd_close(s, fd);
}

static void an_eventfd_counts(void **state)
{
    run_one(*state, event_calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_host),
        TEST(sockets_that_do_not_exist),
        TEST(sockets_that_cannot_be_made),
        TEST(addresses_that_cannot_be_bound),
        TEST(listeners_share_a_port_only_one_at_a_time),
        TEST(streams_without_a_connection),
        TEST(datagrams_are_exchanged),
        TEST(datagrams_are_refused),
        TEST(a_flooded_socket_leaves_places_to_others),
        TEST(poll_and_select_wait_for_several),
        TEST(an_eventfd_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

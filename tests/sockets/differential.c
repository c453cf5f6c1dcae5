/*
 * differential.c -- makes the same random calls on leat's sockets and on Linux's, and compares each
 * result, its error number, and the bytes.
 *
 * usage: differential [SEED [EPISODES]]
 *
 * Both have a loopback interface of their own: leat's stack one in virtual time, Linux one in a
 * network namespace. No call waits. After each, both have the time to deliver what was sent. An
 * episode begins without sockets and ends without them; its number is the seed of its calls.
 * Status 77: this system lets us have no namespace.
 */
#include "differential.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct handle handles[HANDLES];

static uint64_t random_state;
static unsigned episode, call_number, failures, calls_made;
static char trace[CALLS][100];
static uint16_t first_port;
static int leat_epoll, linux_epoll;

unsigned below(unsigned count)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % count;
}

/* ---- the same call on both ------------------------------------------------------------------- */

intptr_t or_errno(intptr_t result)
{
    return result < 0 ? -errno : result;
}

void note(const char *what, unsigned handle, long a, long b)
{
    snprintf(trace[call_number], sizeof trace[0], "%s #%u %ld %ld", what, handle, a, b);
}

bool compare(const char *of, long ours, long theirs)
{
    if (ours == theirs)
        return true;
    failures++;
    printf("episode %u: %s: leat %ld, Linux %ld\n", episode, of, ours, theirs);
    for (unsigned i = 0; i <= call_number; i++)
        printf("    %s\n", trace[i]);
    return false;
}

static struct sockaddr_in address(unsigned port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(first_port + port)),
                             .sin_addr.s_addr = htonl(OUR_ADDRESS)};

    return in;
}

static bool make(struct net *net, unsigned i)
{
    struct leat_sockets *s = net->sockets[CLIENT];
    const bool is_stream = below(4) > 0;
    const int type = (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK;
    const int on = 1;

    note(is_stream ? "stream" : "datagram", i, 0, 0);
    handles[i] = (struct handle){.is_stream = is_stream};
    handles[i].leat = leat_bsd_socket(s, AF_INET, type, 0);
    handles[i].linux_fd = socket(AF_INET, type, 0);
    if (is_stream) {
        leat_bsd_setsockopt(s, handles[i].leat, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(handles[i].linux_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    return compare("socket", handles[i].leat >= 0, handles[i].linux_fd >= 0);
}

static bool bind_one(struct net *net, unsigned i)
{
    const unsigned port = below(PORTS);
    struct sockaddr_in in = address(port);
    intptr_t ours;

    if (below(2))
        in.sin_addr.s_addr = htonl(INADDR_ANY);
    note("bind", i, port, in.sin_addr.s_addr == 0);
    ours = leat_bsd_bind(net->sockets[CLIENT], handles[i].leat, &in, sizeof in);
    if (ours == 0)
        handles[i].bound = ntohs(in.sin_port);
    return compare("bind", ours, or_errno(bind(handles[i].linux_fd, (void *)&in, sizeof in)));
}

static bool listen_one(struct net *net, unsigned i)
{
    if (handles[i].was_shut)
        return true; /* its connections: Linux shuts them, too; leat doesn't */
    note("listen", i, 0, 0);
    return compare("listen", leat_bsd_listen(net->sockets[CLIENT], handles[i].leat, 8),
                   or_errno(listen(handles[i].linux_fd, 8)));
}

static bool connect_one(struct net *net, unsigned i)
{
    const unsigned port = below(PORTS);
    const struct sockaddr_in in = address(port);

    if (handles[i].bound == ntohs(in.sin_port))
        return true; /* to itself: Linux opens such a stream, leat refuses */
    note("connect", i, port, 0);
    return compare("connect",
                   leat_bsd_connect(net->sockets[CLIENT], handles[i].leat, &in, sizeof in),
                   or_errno(connect(handles[i].linux_fd, (const void *)&in, sizeof in)));
}

static bool accept_one(struct net *net, unsigned i)
{
    unsigned to = 0;
    intptr_t ours, theirs;

    while (to < HANDLES && handles[to].leat >= 0)
        to++;
    if (to == HANDLES)
        return true;
    note("accept", i, to, 0);
    ours = leat_bsd_accept4(net->sockets[CLIENT], handles[i].leat, NULL, NULL, SOCK_NONBLOCK);
    theirs = or_errno(accept4(handles[i].linux_fd, NULL, NULL, SOCK_NONBLOCK));
    if (ours >= 0 && theirs >= 0) {
        handles[to] =
            (struct handle){.leat = (int)ours, .linux_fd = (int)theirs, .is_stream = true};
        return true;
    }
    return compare("accept", ours < 0 ? ours : 0, theirs < 0 ? theirs : 0);
}

static bool send_one(struct net *net, unsigned i)
{
    static char bytes[BYTES];
    const unsigned len = below(BYTES);
    const struct sockaddr_in in = address(below(PORTS));
    const bool has_address = !handles[i].is_stream && below(2);

    for (unsigned at = 0; at < len; at++)
        bytes[at] = (char)below(256);
    note(has_address ? "sendto" : "send", i, len, ntohs(in.sin_port) - first_port);
    return compare(
        "send",
        leat_bsd_sendto(net->sockets[CLIENT], handles[i].leat, bytes, len, MSG_NOSIGNAL,
                        has_address ? &in : NULL, has_address ? sizeof in : 0),
        or_errno(sendto(handles[i].linux_fd, bytes, len, MSG_NOSIGNAL,
                        has_address ? (const void *)&in : NULL, has_address ? sizeof in : 0)));
}

static bool receive_one(struct net *net, unsigned i)
{
    static const int flags[] = {0, 0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_DONTWAIT};
    const int flag = flags[below(sizeof flags / sizeof *flags)];
    char ours[2 * BYTES] = "", theirs[2 * BYTES] = "";
    const unsigned len = below(2 * BYTES);
    intptr_t got, want;

    note("recv", i, len, flag);
    got = leat_bsd_recv(net->sockets[CLIENT], handles[i].leat, ours, len, flag);
    want = or_errno(recv(handles[i].linux_fd, theirs, len, flag));
    return compare("recv", got, want) &&
           compare("recv's bytes", memcmp(ours, theirs, sizeof ours), 0);
}

static bool shut_one(struct net *net, unsigned i)
{
    const int how = (int)below(3);

    handles[i].was_shut = true;
    note("shutdown", i, how, 0);
    return compare("shutdown", leat_bsd_shutdown(net->sockets[CLIENT], handles[i].leat, how),
                   or_errno(shutdown(handles[i].linux_fd, how)));
}

static bool close_one(struct net *net, unsigned i)
{
    note("close", i, 0, 0);
    leat_bsd_close(net->sockets[CLIENT], handles[i].leat);
    close(handles[i].linux_fd);
    handles[i].leat = -1;
    return true;
}

/* Ports that the system chose differ; only their being there is compared. */
static long name_number(const struct sockaddr_in *in)
{
    const uint16_t port = ntohs(in->sin_port);
    const bool is_known = port >= first_port && port < first_port + PORTS;

    return (long)ntohl(in->sin_addr.s_addr) * 65536 + (is_known ? port : port > 0);
}

static bool name_one(struct net *net, unsigned i)
{
    struct sockaddr_in ours = {0}, theirs = {0};
    uint32_t len = sizeof ours, len2 = sizeof theirs;
    const bool of_peer = below(2);
    intptr_t got, want;

    note(of_peer ? "getpeername" : "getsockname", i, 0, 0);
    if (of_peer) {
        got = leat_bsd_getpeername(net->sockets[CLIENT], handles[i].leat, &ours, &len);
        want = or_errno(getpeername(handles[i].linux_fd, (void *)&theirs, &len2));
    } else {
        got = leat_bsd_getsockname(net->sockets[CLIENT], handles[i].leat, &ours, &len);
        want = or_errno(getsockname(handles[i].linux_fd, (void *)&theirs, &len2));
    }
    return compare("name", got, want) &&
           compare("name's address", name_number(&ours), name_number(&theirs));
}

static bool error_one(struct net *net, unsigned i)
{
    int ours = 0, theirs = 0;
    uint32_t len = sizeof ours;

    note("SO_ERROR", i, 0, 0);
    leat_bsd_getsockopt(net->sockets[CLIENT], handles[i].leat, SOL_SOCKET, SO_ERROR, &ours, &len);
    getsockopt(handles[i].linux_fd, SOL_SOCKET, SO_ERROR, &theirs, &len);
    return compare("SO_ERROR", ours, theirs);
}

static bool poll_one(struct net *net, unsigned i)
{
    struct pollfd one = {.fd = handles[i].linux_fd, .events = 0x7fff};

    note("poll", i, 0, 0);
    poll(&one, 1, 0);
    return compare("poll", events_of(net->sockets[CLIENT], handles[i].leat),
                   (unsigned short)one.revents);
}

static bool watch_one(struct net *net, unsigned i)
{
    static const uint32_t kinds[] = {EPOLLIN,
                                     EPOLLOUT,
                                     EPOLLIN | EPOLLOUT,
                                     EPOLLIN | EPOLLRDHUP,
                                     EPOLLIN | EPOLLONESHOT,
                                     EPOLLOUT | EPOLLONESHOT};
    struct epoll_event event = {.events = kinds[below(sizeof kinds / sizeof *kinds)]};
    const struct leat_epoll_event our_event = {event.events, i};
    const int op = below(3) ? EPOLL_CTL_ADD : below(2) ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

    event.data.u64 = i;
    note("epoll_ctl", i, op, event.events);
    return compare(
        "epoll_ctl",
        leat_bsd_epoll_ctl(net->sockets[CLIENT], leat_epoll, op, handles[i].leat, &our_event),
        or_errno(epoll_ctl(linux_epoll, op, handles[i].linux_fd, &event)));
}

/* The order of the events is left open. */
static bool wait_all(struct net *net, unsigned i)
{
    struct leat_epoll_event ours[HANDLES];
    struct epoll_event theirs[HANDLES];
    uint32_t events[2][HANDLES] = {{0}};
    intptr_t got, want;

    note("epoll_wait", i, 0, 0);
    got = leat_bsd_epoll_wait(net->sockets[CLIENT], leat_epoll, ours, HANDLES, 0);
    want = or_errno(epoll_wait(linux_epoll, theirs, HANDLES, 0));
    if (!compare("epoll_wait", got, want))
        return false;
    for (intptr_t at = 0; at < got; at++) {
        events[0][ours[at].data] = ours[at].events;
        events[1][theirs[at].data.u64] = theirs[at].events;
    }
    for (unsigned at = 0; at < HANDLES; at++)
        if (!compare("epoll_wait's events", events[0][at], events[1][at]))
            return false;
    return true;
}

/* ---- episodes ------------------------------------------------------------------------------- */

typedef bool call_fn(struct net *net, unsigned i);

static call_fn *const calls[] = {
    bind_one,    bind_one,    listen_one,  listen_one, connect_one, connect_one, connect_one,
    accept_one,  accept_one,  accept_one,  send_one,   send_one,    send_one,    receive_one,
    receive_one, receive_one, receive_one, shut_one,   close_one,   name_one,    error_one,
    poll_one,    poll_one,    count_one,   watch_one,  watch_one,   wait_all,    wait_all,
    set_one,     set_one,     get_one,     get_one,    dup_one,     send_pieces, receive_pieces};

static bool one_call(struct net *net)
{
    const unsigned i = below(HANDLES);
    const bool same =
        handles[i].leat < 0 ? make(net, i) : calls[below(sizeof calls / sizeof *calls)](net, i);

    calls_made++;
    sleep_for(net, CLIENT, ms);
    sched_yield();
    return same;
}

static void one_episode(struct net *net)
{
    bool same = true;

    random_state = episode * 0x9e3779b97f4a7c15u + 1;
    first_port = (uint16_t)(100 + episode % 300 * PORTS); /* no port that a system chooses */
    memset(trace, 0, sizeof trace);
    for (unsigned i = 0; i < HANDLES; i++)
        handles[i].leat = -1;
    leat_epoll = leat_bsd_epoll_create1(net->sockets[CLIENT], 0);
    linux_epoll = epoll_create1(0);
    for (call_number = 0; call_number < CALLS && same; call_number++)
        same = one_call(net);
    call_number = 0;
    for (unsigned i = 0; i < HANDLES; i++) {
        if (handles[i].leat >= 0)
            close_one(net, i);
    }
    leat_bsd_close(net->sockets[CLIENT], leat_epoll);
    close(linux_epoll);
    sleep_for(net, CLIENT, ms);
}

static unsigned episodes = 300;

static void all_episodes(struct net *net)
{
    for (unsigned last = episode + episodes; episode < last && failures < 5; episode++)
        one_episode(net);
}

/* ---- begin ---------------------------------------------------------------------------------- */

/* Sets the address of the loopback interface, and sets it up. */
static bool set_address(int fd)
{
    struct ifreq request = {.ifr_name = "lo"};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(OUR_ADDRESS)};

    memcpy(&request.ifr_addr, &in, sizeof in);
    if (ioctl(fd, SIOCSIFADDR, &request) || ioctl(fd, SIOCGIFFLAGS, &request))
        return false;
    request.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/* A network namespace with a loopback interface that is up. */
static bool enter_namespace(void)
{
    bool up;
    int fd;

    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return false;
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    up = fd >= 0 && set_address(fd);
    close(fd);
    return up;
}

static void leat_does_what_linux_does(void **state)
{
    struct net *net = *state;

    start(net, CLIENT, all_episodes);
    run_all(net, 1000000 * second);
    printf("%u calls, %u differences\n", calls_made, failures);
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {TEST(leat_does_what_linux_does)};

    if (argc > 1)
        episode = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        episodes = (unsigned)strtoul(argv[2], NULL, 10);
    if (!enter_namespace())
        return SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_stalls.c -- the backend over UNIX sockets with partial writes of the kernel, and with
 * several peers. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit_pool.h"

#include <leat/socket.h>

enum {
    BURST = 64
};

static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};

static struct unit_pool unit;
static struct leat_socket *left, *right;
static char why[LEAT_WHY_BYTES];

static void open_pair(void)
{
    struct leat_socket_config config = {.framing = LEAT_SOCKET_STREAM, .mtu = 1500, .mac = &mac};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, 64, 2048, 64, 256);
    config.fd = ends[0];
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    config.fd = ends[1];
    assert_int_equal(leat_socket_open(&right, &config, why), LEAT_OK);
}

static void close_pair(void)
{
    leat_socket_close(left);
    leat_socket_close(right);
    unit_pool_close(&unit);
}

static uint32_t receive(struct leat_socket *socket, struct leat_buf **frames)
{
    struct leat_netif *netif = leat_socket_netif(socket);

    return netif->ops->receive(netif, 0, &unit.pool, frames, BURST);
}

/* A frame of @len bytes, with contents that identify it. */
static void send_one(struct leat_socket *socket, uint32_t len)
{
    struct leat_netif *netif = leat_socket_netif(socket);
    uint8_t bytes[1500];
    struct leat_buf *frame;

    memset(bytes, (int)len, len);
    frame = leat_buf_copy(&unit.pool, bytes, len);
    assert_non_null(frame);
    netif->ops->transmit(netif, 0, &frame, 1);
}

static void expect_bytes(struct leat_buf *frame, uint32_t len)
{
    uint8_t bytes[1500];

    assert_int_equal(leat_buf_total(frame), len);
    leat_buf_read(frame, 0, bytes, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], (uint8_t)len);
    leat_buf_free(frame);
}

static void expect_one(struct leat_socket *socket, uint32_t len)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(receive(socket, frames), 1);
    expect_bytes(frames[0], len);
}

/* Replaces the kernel's calls; a test may have them accept only a part, or nothing. */
static size_t taken_next; /* bytes accepted of the next write; 0: all */
static int refused_then;  /* errno of the one after that; 0: it is accepted */

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (taken_next > 0) {
        struct iovec part = {message->msg_iov[0].iov_base, taken_next};

        assert_true(taken_next <= message->msg_iov[0].iov_len);
        taken_next = 0;
        return __real_sendmsg(fd, &(struct msghdr){.msg_iov = &part, .msg_iovlen = 1}, flags);
    }
    if (refused_then) {
        errno = refused_then;
        refused_then = 0;
        return -1;
    }
    return __real_sendmsg(fd, message, flags);
}

/* A partly written frame goes on when the kernel has memory again; otherwise the reader would
 * lose the boundaries. */
static void a_kernel_without_memory_does_not_break_the_framing(void **state)
{
    static const int errors[] = {EAGAIN, ENOBUFS, ENOMEM};
    struct leat_buf *frames[BURST];

    (void)state;
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        open_pair();
        taken_next = 40;
        refused_then = errors[i];
        send_one(left, 1000);
        send_one(left, 60);
        assert_int_equal(receive(left, frames), 0); /* it tries again */
        assert_int_equal(receive(right, frames), 2);
        expect_bytes(frames[0], 1000);
        expect_bytes(frames[1], 60);
        send_one(left, 61);
        expect_one(right, 61);
        close_pair();
    }
}

/* While there is a peer no other is accepted, and connecting ones must not keep us awake. */
static void a_second_peer_waits_and_does_not_keep_us_awake(void **state)
{
    struct leat_socket_config config = {.listen = true, .mac = &mac};
    struct leat_socket *second = NULL;
    struct leat_posix *posix;
    struct leat_buf *frames[BURST];
    uint64_t begun_ns;
    struct leat_host *host;
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "/tmp/leat-stalls-%d", (int)getpid());
    unlink(path);
    config.path = path;
    unit_pool_open(&unit, 64, 2048, 64, 64);
    assert_int_equal(leat_posix_open(&posix), LEAT_OK);
    host = leat_posix_host(posix);
    config.posix = posix;
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    config.posix = NULL;
    config.listen = false;
    assert_int_equal(leat_socket_open(&right, &config, why), LEAT_OK);
    assert_int_equal(receive(left, frames), 0);
    assert_int_equal(leat_socket_open(&second, &config, why), LEAT_OK);
    begun_ns = host->now_ns(host);
    for (unsigned i = 0; i < 100; i++)
        assert_true(host->wait(host, begun_ns + 50000000));
    assert_true(host->now_ns(host) - begun_ns >= 50000000);
    leat_socket_close(right);
    assert_int_equal(receive(left, frames), 0);
    begun_ns = host->now_ns(host);
    assert_true(host->wait(host, begun_ns + 5000000000)); /* its turn has come */
    assert_true(host->now_ns(host) - begun_ns < 4000000000);
    right = second;
    send_one(right, 60);
    expect_one(left, 60);
    close_pair();
    leat_posix_close(posix);
}

/* A signal while passt starts must not hide that the start has failed. */
static unsigned interrupts; /* number of interrupted reads */

ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    if (interrupts > 0) {
        interrupts--;
        errno = EINTR;
        return -1;
    }
    return __real_read(fd, bytes, len);
}

static void an_interrupted_start_of_passt_is_waited_for(void **state)
{
    const struct leat_passt_config config = {.program = "/no/such/passt",
                                             .mac = &mac,
                                             .ip = LEAT_IP4(10, 0, 0, 2),
                                             .prefix_bits = 24,
                                             .gateway = LEAT_IP4(10, 0, 0, 1)};

    (void)state;
    interrupts = 3;
    left = NULL;
    assert_int_equal(leat_passt_open(&left, &config, why), LEAT_ERR_NOT_FOUND);
    assert_int_equal(interrupts, 0);
    assert_null(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_without_memory_does_not_break_the_framing),
        cmocka_unit_test(a_second_peer_waits_and_does_not_keep_us_awake),
        cmocka_unit_test(an_interrupted_start_of_passt_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

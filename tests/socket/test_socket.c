/* test_socket.c -- the backend over socketpairs, at each of its limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static void open_pair(enum leat_socket_framing framing, uint16_t mtu, uint32_t buffers)
{
    struct leat_socket_config config = {.framing = framing, .mtu = mtu, .mac = &mac};
    int ends[2];

    assert_int_equal(
        socketpair(AF_UNIX, framing == LEAT_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM, 0, ends), 0);
    unit_pool_open(&unit, buffers, 2048, buffers, 4 * buffers);
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

static uint32_t receive(struct leat_socket *socket, struct leat_buf **frames, uint32_t max)
{
    struct leat_netif *netif = leat_socket_netif(socket);

    return netif->ops->receive(netif, 0, &unit.pool, frames, max);
}

static uint32_t room(struct leat_socket *socket)
{
    struct leat_netif *netif = leat_socket_netif(socket);

    return netif->ops->transmit_room(netif);
}

static uint8_t byte_of(uint32_t len, uint32_t at)
{
    return (uint8_t)(len + at * 13 + (at >> 8));
}

/* A frame of @len bytes, with contents that identify it. */
static struct leat_buf *make_frame(uint32_t len)
{
    static uint8_t bytes[1 << 17];

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = byte_of(len, i);
    return leat_buf_copy(&unit.pool, bytes, len);
}

static void transmit(struct leat_socket *socket, struct leat_buf **frames, uint32_t count)
{
    struct leat_netif *netif = leat_socket_netif(socket);

    netif->ops->transmit(netif, 0, frames, count);
}

static void send_one(struct leat_socket *socket, uint32_t len)
{
    struct leat_buf *frame = make_frame(len);

    assert_non_null(frame);
    transmit(socket, &frame, 1);
}

static void expect_bytes(struct leat_buf *frame, uint32_t len)
{
    static uint8_t bytes[1 << 17];

    assert_int_equal(leat_buf_total(frame), len);
    assert_true(frame->len >= (len < 134 ? len : 134));
    leat_buf_read(frame, 0, bytes, len);
    for (uint32_t i = 0; i < len; i++)
        if (bytes[i] != byte_of(len, i))
            fail_msg("frame of %u bytes: byte %u is wrong", len, i);
    leat_buf_free(frame);
}

static void expect_one(struct leat_socket *socket, uint32_t len)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(receive(socket, frames, BURST), 1);
    expect_bytes(frames[0], len);
}

static void carry_every_length(enum leat_socket_framing framing)
{
    open_pair(framing, 1500, 64);
    for (uint32_t len = 14; len <= 1518; len++) {
        send_one(left, len);
        expect_one(right, len);
        send_one(right, len);
        expect_one(left, len);
    }
    assert_int_equal(leat_socket_counters(left)->rx_copied, 0);
    close_pair();
}

static void frames_of_every_length_pass_on_a_stream(void **state)
{
    (void)state;
    carry_every_length(LEAT_SOCKET_STREAM);
}

static void frames_of_every_length_pass_as_datagrams(void **state)
{
    (void)state;
    carry_every_length(LEAT_SOCKET_DATAGRAM);
}

static void carry_jumbo_frames(enum leat_socket_framing framing)
{
    open_pair(framing, UINT16_MAX, 256);
    for (uint32_t len = 1500; len <= UINT16_MAX + 14; len += 3001) {
        send_one(left, len);
        expect_one(right, len);
    }
    send_one(left, UINT16_MAX + 14);
    expect_one(right, UINT16_MAX + 14);
    close_pair();
}

static void frames_of_64_KiB_pass(void **state)
{
    (void)state;
    carry_jumbo_frames(LEAT_SOCKET_STREAM);
    carry_jumbo_frames(LEAT_SOCKET_DATAGRAM);
}

static void a_burst_is_one_system_call_each_way(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(LEAT_SOCKET_STREAM, 1500, 512);
    for (unsigned round = 0; round < 6; round++) { /* the reader learns how much there is */
        const uint64_t calls = leat_socket_counters(right)->rx_calls;

        for (uint32_t i = 0; i < BURST; i++)
            frames[i] = make_frame(60 + i);
        transmit(left, frames, BURST);
        assert_int_equal(leat_socket_counters(left)->tx_calls, round + 1);
        assert_int_equal(receive(right, frames, BURST), BURST);
        for (uint32_t i = 0; i < BURST; i++)
            expect_bytes(frames[i], 60 + i);
        assert_true(round < 5 || leat_socket_counters(right)->rx_calls == calls + 1);
    }
    close_pair();
}

static void a_peer_that_does_not_read_is_waited_for(enum leat_socket_framing framing)
{
    struct leat_netif *netif;
    struct leat_buf *frames[BURST];
    uint32_t sent = 0, got = 0, count;

    open_pair(framing, 1500, 8192);
    netif = leat_socket_netif(left);
    while (room(left) > 0) {
        send_one(left, 1514);
        sent++;
        assert_true(sent < 8192);
    }
    assert_true(netif->ops->next_look_ns(netif, 5) > 5); /* it doesn't spin */
    for (unsigned look = 0; look < 4096 && got < sent; look++) {
        count = receive(right, frames, BURST);
        for (uint32_t i = 0; i < count; i++)
            expect_bytes(frames[i], 1514);
        got += count;
        assert_int_equal(receive(left, frames, BURST), 0); /* writes the rest */
    }
    assert_int_equal(got, sent);
    assert_int_equal(room(left), 256);
    close_pair();
}

static void frames_wait_while_the_peer_does_not_read(void **state)
{
    (void)state;
    a_peer_that_does_not_read_is_waited_for(LEAT_SOCKET_STREAM);
    a_peer_that_does_not_read_is_waited_for(LEAT_SOCKET_DATAGRAM);
}

/* Fills the socket, and reads everything as passt does. */
static void expect_whole_frames(uint16_t mtu, uint32_t len)
{
    static uint8_t bytes[1 << 20];
    struct leat_socket_config config = {.mac = &mac, .mtu = mtu};
    struct leat_buf *frames[BURST];
    ssize_t got;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, 8192, 2048, 8192, 8192);
    config.fd = ends[0];
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    while (room(left) >= BURST) {
        for (uint32_t i = 0; i < BURST; i++)
            frames[i] = make_frame(len);
        transmit(left, frames, BURST);
    }
    got = recv(ends[1], bytes, sizeof bytes, MSG_DONTWAIT);
    assert_true(got > (ssize_t)len);
    assert_int_equal(got % (4 + len), 0);
    close(ends[1]);
    leat_socket_close(left);
    unit_pool_close(&unit);
}

static void a_reader_of_all_data_gets_whole_frames(void **state)
{
    (void)state;
    expect_whole_frames(1500, 1514);
    expect_whole_frames(32808, 32822); /* --passt */
}

static void input_waits_in_the_kernel_while_the_pool_is_empty(void **state)
{
    struct leat_buf *held[64 + 1], *frames[BURST];
    struct leat_netif *netif;
    uint32_t count = 0;

    (void)state;
    open_pair(LEAT_SOCKET_STREAM, 1500, 64);
    netif = leat_socket_netif(right);
    send_one(left, 100);
    while ((held[count] = leat_buf_alloc(&unit.pool, 0)))
        count++;
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_int_equal(leat_socket_counters(right)->rx_starved, 1);
    assert_int_equal(netif->ops->next_look_ns(netif, 5), 5 + 1000000);
    while (count > 0)
        leat_buf_free(held[--count]);
    expect_one(right, 100);
    assert_int_equal(netif->ops->next_look_ns(netif, 5), LEAT_NEVER_NS);
    close_pair();
}

static void a_frame_larger_than_the_pool_is_given_up(void **state)
{
    struct leat_buf *frames[BURST], *frame;
    struct unit_pool small;

    (void)state;
    open_pair(LEAT_SOCKET_STREAM, UINT16_MAX, 64);
    unit_pool_open(&small, 8, 2048, 8, 8);
    frame = make_frame(60000);
    transmit(left, &frame, 1);
    send_one(left, 60);
    for (unsigned look = 0; look < 500; look++) {
        struct leat_netif *netif = leat_socket_netif(right);

        if (netif->ops->receive(netif, 0, &small.pool, frames, BURST) == 1)
            break;
    }
    expect_bytes(frames[0], 60);
    assert_int_equal(leat_socket_counters(right)->rx_dropped, 1);
    leat_socket_close(right);
    right = NULL;
    unit_pool_close(&small);
    close_pair();
}

static void frames_before_the_end_are_delivered_and_the_end_is_told(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(LEAT_SOCKET_STREAM, 1500, 64);
    for (uint32_t i = 0; i < 3; i++)
        send_one(left, 60 + i);
    leat_socket_close(left);
    left = NULL;
    assert_int_equal(receive(right, frames, BURST), 3);
    for (uint32_t i = 0; i < 3; i++)
        expect_bytes(frames[i], 60 + i);
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_string_equal(leat_socket_lost(right), "socket: the peer has closed the connection");
    send_one(right, 60); /* into the void, and counted */
    assert_int_equal(leat_socket_counters(right)->tx_refused, 1);
    assert_int_equal(room(right), 256);
    close_pair();
}

static void a_length_of_4_GiB_ends_it_with_a_line(void **state)
{
    static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 0xff, 1, 2, 3};
    struct leat_socket_config config = {.mac = &mac};
    struct leat_buf *frames[BURST];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, 64, 2048, 64, 64);
    config.fd = ends[0];
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    assert_int_equal(write(ends[1], nonsense, sizeof nonsense), sizeof nonsense);
    assert_int_equal(receive(left, frames, BURST), 0);
    assert_non_null(strstr(leat_socket_lost(left), "a frame of 4294967295 bytes"));
    close(ends[1]);
    leat_socket_close(left);
    unit_pool_close(&unit);
}

/* ---- paths -------------------------------------------------------------------------------- */

static char path[64];

static void make_path(void)
{
    snprintf(path, sizeof path, "/tmp/leat-socket-%d", (int)getpid());
    unlink(path);
}

static void a_listening_end_takes_one_peer_after_the_other(void **state)
{
    struct leat_socket_config config = {.path = path, .listen = true, .mac = &mac};
    struct leat_buf *frames[BURST];

    (void)state;
    make_path();
    unit_pool_open(&unit, 64, 2048, 64, 64);
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    send_one(left, 60); /* no peer */
    assert_int_equal(leat_socket_counters(left)->tx_refused, 1);
    config.listen = false;
    for (uint32_t peer = 1; peer <= 3; peer++) {
        assert_int_equal(leat_socket_open(&right, &config, why), LEAT_OK);
        send_one(right, 60 + peer);
        expect_one(left, 60 + peer);
        send_one(left, 70 + peer);
        expect_one(right, 70 + peer);
        leat_socket_close(right);
        right = NULL;
        assert_int_equal(receive(left, frames, BURST), 0);
        assert_null(leat_socket_lost(left));
        assert_int_equal(leat_socket_counters(left)->peers, peer);
    }
    close_pair();
    assert_int_not_equal(access(path, F_OK), 0); /* it was removed */
}

static void a_socket_that_a_dead_program_left_is_replaced_a_living_one_is_not(void **state)
{
    struct leat_socket_config config = {.path = path, .listen = true, .mac = &mac};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int dead = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    make_path();
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
    close(dead);
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    assert_int_equal(leat_socket_open(&right, &config, why), LEAT_ERR_DEVICE);
    assert_non_null(strstr(why, "another program listens there"));
    leat_socket_close(left);
}

static void a_failed_open_prints_the_reason(void **state)
{
    struct leat_socket_config config = {.path = path, .mac = &mac};
    const struct leat_mac group = {{1, 0, 0, 0, 0, 1}};
    char longer[200];
    int file;

    (void)state;
    make_path();
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "start the other end first"));
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    config.path = longer;
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    config = (struct leat_socket_config){.path = path, .listen = true, .mac = &group};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    config = (struct leat_socket_config){.path = path, .listen = true, .mac = &mac, .mtu = 67};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    config = (struct leat_socket_config){
        .path = path, .listen = true, .mac = &mac, .framing = LEAT_SOCKET_DATAGRAM};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    config = (struct leat_socket_config){
        .path = path, .marks = true, .mac = &mac, .framing = LEAT_SOCKET_DATAGRAM};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    assert_non_null(strstr(why, "a datagram has no room"));
    file = open("/dev/null", O_RDWR);
    config = (struct leat_socket_config){.fd = file, .mac = &mac};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    assert_int_equal(fcntl(file, F_GETFD), -1); /* closed, also after an error */
    config = (struct leat_socket_config){.fd = -1, .mac = &mac};
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_ERR_ARGUMENT);
}

static void datagrams_go_between_two_paths(void **state)
{
    struct leat_socket_config config = {.framing = LEAT_SOCKET_DATAGRAM, .mac = &mac};
    struct sockaddr_un peer = {.sun_family = AF_UNIX}, ours = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    uint8_t bytes[2000] = {0};
    char local[80];

    (void)state;
    make_path();
    snprintf(local, sizeof local, "%s-local", path);
    unlink(local);
    memcpy(peer.sun_path, path, strlen(path));
    memcpy(ours.sun_path, local, strlen(local));
    assert_int_equal(bind(fd, (const struct sockaddr *)&peer, sizeof peer), 0);
    unit_pool_open(&unit, 64, 2048, 64, 64);
    config.path = path;
    config.local_path = local;
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    send_one(left, 60);
    assert_int_equal(recv(fd, bytes, sizeof bytes, 0), 60);
    for (uint32_t i = 0; i < 61; i++)
        bytes[i] = byte_of(61, i);
    assert_int_equal(sendto(fd, bytes, 61, 0, (const struct sockaddr *)&ours, sizeof ours), 61);
    expect_one(left, 61);
    assert_int_equal(sendto(fd, bytes, 1519, 0, (const struct sockaddr *)&ours, sizeof ours), 1519);
    assert_int_equal(sendto(fd, bytes, 13, 0, (const struct sockaddr *)&ours, sizeof ours), 13);
    {
        struct leat_buf *frames[BURST];

        assert_int_equal(receive(left, frames, BURST), 0);
    }
    assert_int_equal(leat_socket_counters(left)->rx_long, 1);
    assert_int_equal(leat_socket_counters(left)->rx_short, 1);
    close(fd);
    send_one(left, 60); /* without a peer: lost, as on a wire */
    assert_int_equal(leat_socket_counters(left)->tx_refused, 1);
    assert_null(leat_socket_lost(left));
    leat_socket_close(left);
    assert_int_not_equal(access(local, F_OK), 0);
    unlink(path);
    unit_pool_close(&unit);
}

static void a_passt_that_is_not_there_is_named(void **state)
{
    const struct leat_passt_config config = {.program = "/nowhere/passt"};

    (void)state;
    assert_int_equal(leat_passt_open(&left, &config, why), LEAT_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "apt-get install passt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_length_pass_on_a_stream),
        cmocka_unit_test(frames_of_every_length_pass_as_datagrams),
        cmocka_unit_test(frames_of_64_KiB_pass),
        cmocka_unit_test(a_burst_is_one_system_call_each_way),
        cmocka_unit_test(frames_wait_while_the_peer_does_not_read),
        cmocka_unit_test(a_reader_of_all_data_gets_whole_frames),
        cmocka_unit_test(input_waits_in_the_kernel_while_the_pool_is_empty),
        cmocka_unit_test(a_frame_larger_than_the_pool_is_given_up),
        cmocka_unit_test(frames_before_the_end_are_delivered_and_the_end_is_told),
        cmocka_unit_test(a_length_of_4_GiB_ends_it_with_a_line),
        cmocka_unit_test(a_listening_end_takes_one_peer_after_the_other),
        cmocka_unit_test(a_socket_that_a_dead_program_left_is_replaced_a_living_one_is_not),
        cmocka_unit_test(a_failed_open_prints_the_reason),
        cmocka_unit_test(datagrams_go_between_two_paths),
        cmocka_unit_test(a_passt_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_shm_peer.c -- the backend in shared memory, and a peer that breaks each of its rules. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pair.h"

/* ---- a peer that breaks the rules --------------------------------------------------------- */

/* Right disconnects left, with a line and a last message; nothing leaks and nothing crashes. */
static void expect_let_go(uint32_t before)
{
    struct leat_buf *frames[BURST];
    uint32_t count = 0;

    for (unsigned look = 0; look < 4 && !leat_shm_lost(right); look++) {
        const uint32_t now = receive(right, frames, BURST);

        for (uint32_t i = 0; i < now; i++)
            leat_buf_free(frames[i]);
        count += now;
    }
    assert_int_equal(count, before);
    assert_non_null(leat_shm_lost(right));
    assert_non_null(strstr(leat_shm_lost(right), "wrote into the rings what can't be"));
    assert_int_equal(leat_shm_counters(right)->peers_refused, 1);
    assert_int_equal(room(right), 256);
    for (unsigned look = 0; look < 100 && !leat_shm_lost(left); look++)
        for (uint32_t i = receive(left, frames, BURST); i > 0; i--)
            leat_buf_free(frames[i - 1]);
    assert_non_null(leat_shm_lost(left));
    assert_non_null(strstr(leat_shm_lost(left), "we broke the rules"));
    close_pair();
}

static void an_index_beyond_the_ring_ends_it(void **state)
{
    (void)state;
    open_pair(1500, 64);
    settle_pair();
    left->memory->rings[0].producer.index = left->tx.size + 8;
    expect_let_go(0);
}

static void an_index_that_goes_back_ends_it(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    send_one(left, 60);
    assert_int_equal(receive(right, frames, BURST), 1);
    leat_buf_free(frames[0]);
    left->memory->rings[0].producer.index = 8;
    expect_let_go(0);
}

static void an_index_between_two_words_ends_it(void **state)
{
    (void)state;
    open_pair(1500, 64);
    settle_pair();
    left->memory->rings[0].producer.index = 12;
    expect_let_go(0);
}

static void a_length_beyond_the_data_put_ends_it(void **state)
{
    static const uint32_t lengths[] = {57, 64, 1u << 31, UINT32_MAX - 7, UINT32_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        open_pair(1500, 64);
        settle_pair();
        send_one(left, 60);
        send_one(left, 56);
        memcpy(left->memory->bytes + 72, &lengths[i], sizeof lengths[i]);
        expect_let_go(1);
    }
}

static void frames_taken_before_they_were_put_end_it(void **state)
{
    (void)state;
    open_pair(1500, 64);
    settle_pair();
    while (room(right) > 100) /* it checks only when half of the ring is used */
        send_one(right, 1514);
    left->memory->rings[1].consumer.index = right->tx.told_index + 8;
    assert_int_equal(room(right), 256);
    assert_int_equal(leat_shm_netif(right)->ops->next_look_ns(leat_shm_netif(right), 5), 5);
    expect_let_go(0);
}

static void frames_taken_that_come_back_end_it(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    while (room(right) > 0)
        send_one(right, 1514);
    assert_int_equal(receive(left, frames, 16), 16);
    for (unsigned i = 0; i < 16; i++)
        leat_buf_free(frames[i]);
    assert_int_equal(room(right), 16);
    left->memory->rings[1].consumer.index = 8;
    assert_int_equal(room(right), 256);
    send_one(right, 60);
    assert_int_equal(leat_shm_counters(right)->tx_refused, 1);
    expect_let_go(0);
}

static void our_own_words_are_never_read_again(void **state)
{
    (void)state;
    open_pair(1500, 64);
    settle_pair();
    for (unsigned i = 0; i < 100; i++) {
        left->memory->rings[0].consumer.index = UINT32_MAX; /* right's own words */
        left->memory->rings[1].producer.index = 3;
        send_one(left, 60);
        expect_one(right, 60);
    }
    assert_null(leat_shm_lost(right));
    close_pair();
}

static void frames_too_short_and_too_long_are_passed_over(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    send_one(left, 13);
    send_one(left, 1519);
    send_one(left, 60);
    assert_int_equal(receive(right, frames, BURST), 1);
    expect_bytes(frames[0], 60);
    assert_int_equal(leat_shm_counters(right)->rx_short, 1);
    assert_int_equal(leat_shm_counters(right)->rx_long, 1);
    close_pair();
}

static void empty_frames_do_not_hold_the_loop(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    left->memory->rings[0].producer.index = left->tx.size; /* all lengths are 0 */
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_true(leat_shm_counters(right)->rx_short <= 2 * BURST);
    assert_int_equal(leat_shm_netif(right)->ops->next_look_ns(leat_shm_netif(right), 5), 5);
    close_pair();
}

/* ---- hand-over of the memory --------------------------------------------------------------- */

static int peer_fd;

static void open_right(void)
{
    struct leat_shm_config config = {.mac = &mac, .listen = true};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_fd = ends[0];
    config.fd = ends[1];
    assert_int_equal(leat_shm_open(&right, &config, why), LEAT_OK);
}

/* Sends @hello and, if it isn't negative, @fd, which is closed. */
static void say(const struct shm_hello *hello, size_t bytes, int fd)
{
    struct iovec piece = {(void *)(uintptr_t)hello, bytes};
    union {
        struct cmsghdr head;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
    }
    assert_int_equal(sendmsg(peer_fd, &message, 0), bytes);
    if (fd >= 0)
        close(fd);
}

static int make_memory(off_t bytes, int seals, unsigned flags)
{
    const int fd = memfd_create("test", MFD_ALLOW_SEALING | flags);

    if (fd < 0)
        return fd;
    assert_int_equal(ftruncate(fd, bytes), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void expect_refused(enum shm_bell word)
{
    struct leat_buf *frames[BURST];
    uint8_t last = 0;

    assert_int_equal(receive(right, frames, BURST), 0);
    assert_non_null(leat_shm_lost(right));
    assert_int_equal(recv(peer_fd, &last, 1, 0), 1);
    assert_int_equal(last, word);
    close(peer_fd);
    leat_shm_close(right);
}

static struct shm_hello good_hello(void)
{
    return (struct shm_hello){.magic = {'l', 'e', 'a', 't', '-', 's', 'h', 'm'},
                              .version = SHM_VERSION,
                              .mtu = 1500,
                              .ring_bytes = 65536};
}

enum {
    GOOD_BYTES = 4096 + 2 * 65536
};

static void another_version_or_mtu_is_refused_with_its_reason(void **state)
{
    struct shm_hello hello = good_hello();

    (void)state;
    hello.version = SHM_VERSION - 1;
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
    expect_refused(SHM_OTHER_HELLO);
    hello = good_hello();
    hello.magic[0] = 'L';
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
    expect_refused(SHM_OTHER_HELLO);
    hello = good_hello();
    open_right();
    say(&hello, sizeof hello - 1, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
    expect_refused(SHM_OTHER_HELLO);
    hello.mtu = 9000;
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
    expect_refused(SHM_OTHER_MTU);
}

static void memory_that_can_be_taken_away_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 1, 8, 65537, 1u << 31, UINT32_MAX};
    struct shm_hello hello = good_hello();

    (void)state;
    open_right();
    say(&hello, sizeof hello, -1);
    expect_refused(SHM_BAD_MEMORY);
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, 0, 0)); /* it is not sealed against
                                                               * shrinking */
    expect_refused(SHM_BAD_MEMORY);
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES - 1, F_SEAL_SHRINK, 0));
    expect_refused(SHM_BAD_MEMORY);
    open_right();
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK | F_SEAL_WRITE, 0));
    expect_refused(SHM_BAD_MEMORY);
    open_right();
    say(&hello, sizeof hello, open("/dev/zero", O_RDWR));
    expect_refused(SHM_BAD_MEMORY);
    open_right(); /* pages that may run out */
    say(&hello, sizeof hello, make_memory(1 << 21, F_SEAL_SHRINK, MFD_HUGETLB));
    expect_refused(SHM_BAD_MEMORY);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hello.ring_bytes = sizes[i];
        open_right();
        say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
        expect_refused(SHM_BAD_MEMORY);
    }
}

static void pages_that_may_run_out_are_refused(void **state)
{
    const int huge = make_memory(1 << 21, F_SEAL_SHRINK, MFD_HUGETLB);
    const int plain = make_memory(1 << 21, F_SEAL_SHRINK, 0);

    (void)state;
    assert_true(leat_shm_is_safe(plain, 65536));
    close(plain);
    if (huge < 0)
        skip();                                  /* a kernel without huge pages */
    assert_false(leat_shm_is_safe(huge, 65536)); /* before a page is touched */
    close(huge);
}

static void rings_that_are_no_power_of_two_are_refused(void **state)
{
    static const uint32_t sizes[] = {65536 + 4096, 3 * 65536, 131072 - 8};
    struct shm_hello hello = good_hello();

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hello.ring_bytes = sizes[i];
        open_right();
        say(&hello, sizeof hello, make_memory(1 << 20, F_SEAL_SHRINK, 0)); /* large enough */
        expect_refused(SHM_BAD_MEMORY);
    }
}

static void a_hello_as_documented_is_taken(void **state)
{
    const struct shm_hello hello = good_hello();
    struct leat_buf *frames[BURST];

    (void)state;
    open_right();
    assert_int_equal(receive(right, frames, BURST), 0); /* not received yet */
    say(&hello, sizeof hello, make_memory(GOOD_BYTES, F_SEAL_SHRINK, 0));
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_null(leat_shm_lost(right));
    assert_non_null(right->memory);
    close(peer_fd);
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_non_null(leat_shm_lost(right));
    leat_shm_close(right);
}

static void a_connecting_end_is_told_of_another_mtu(void **state)
{
    struct leat_shm_config config = {.mac = &mac, .mtu = 9000};
    struct leat_buf *frames[BURST];

    (void)state;
    unit_pool_open(&unit, 64, 2048, 64, 64);
    open_right();
    config.fd = peer_fd;
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_int_equal(receive(left, frames, BURST), 0);
    assert_string_equal(leat_shm_lost(left), "shm: the peer refused us: its MTU isn't ours");
    close_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_beyond_the_ring_ends_it),
        cmocka_unit_test(an_index_that_goes_back_ends_it),
        cmocka_unit_test(an_index_between_two_words_ends_it),
        cmocka_unit_test(a_length_beyond_the_data_put_ends_it),
        cmocka_unit_test(frames_taken_before_they_were_put_end_it),
        cmocka_unit_test(frames_taken_that_come_back_end_it),
        cmocka_unit_test(our_own_words_are_never_read_again),
        cmocka_unit_test(frames_too_short_and_too_long_are_passed_over),
        cmocka_unit_test(empty_frames_do_not_hold_the_loop),
        cmocka_unit_test(another_version_or_mtu_is_refused_with_its_reason),
        cmocka_unit_test(memory_that_can_be_taken_away_is_refused),
        cmocka_unit_test(pages_that_may_run_out_are_refused),
        cmocka_unit_test(rings_that_are_no_power_of_two_are_refused),
        cmocka_unit_test(a_hello_as_documented_is_taken),
        cmocka_unit_test(a_connecting_end_is_told_of_another_mtu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

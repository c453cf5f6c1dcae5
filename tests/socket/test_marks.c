/* test_marks.c -- two leats on a stream socket that leave checksums out, and mark the frames. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/socket.h>

#include "unit_pool.h"

enum {
    BURST = 8,
    FRAME_BYTES = 60
};

static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};
static struct unit_pool unit;
static struct leat_socket *left, *right;
static char why[LEAT_WHY_BYTES];

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

static struct leat_buf *make_frame(void)
{
    static const uint8_t bytes[FRAME_BYTES] = {1, 2, 3, [FRAME_BYTES - 1] = 4};

    return leat_buf_copy(&unit.pool, bytes, sizeof bytes);
}

static void transmit(struct leat_socket *socket, struct leat_buf *frame)
{
    struct leat_netif *netif = leat_socket_netif(socket);

    netif->ops->transmit(netif, 0, &frame, 1);
}

static void open_marked_pair(bool left_marks, bool right_marks)
{
    struct leat_socket_config config = {.mac = &mac, .marks = left_marks};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, 64, 2048, 64, 256);
    config.fd = ends[0];
    assert_int_equal(leat_socket_open(&left, &config, why), LEAT_OK);
    config.fd = ends[1];
    config.marks = right_marks;
    config.no_offload = true;
    assert_int_equal(leat_socket_open(&right, &config, why), LEAT_OK);
}

/* Sends a frame from @from to @to; returns @to's information about its checksum. */
static enum leat_checksum carry_checksum(struct leat_socket *from, struct leat_socket *to,
                                         enum leat_checksum checksum, bool lent)
{
    struct leat_buf *frame = make_frame(), *got[BURST], *view;
    enum leat_checksum found;

    if (lent) { /* no header word fits in front of it */
        view = leat_buf_slice(frame, 0, FRAME_BYTES);
        leat_buf_free(frame);
        frame = view;
    }
    frame->checksum = (uint8_t)checksum;
    transmit(from, frame);
    assert_int_equal(receive(to, got), 1);
    found = got[0]->checksum;
    assert_int_equal(leat_buf_total(got[0]), FRAME_BYTES);
    assert_int_equal(got[0]->data[FRAME_BYTES - 1], 4);
    leat_buf_free(got[0]);
    return found;
}

static void two_leats_leave_checksums_out_and_say_so(void **state)
{
    (void)state;
    open_marked_pair(true, true);
    assert_int_equal(leat_socket_netif(left)->capabilities &
                         (LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_RX_CHECKSUM),
                     LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_RX_CHECKSUM);
    assert_int_equal(leat_socket_netif(right)->capabilities & LEAT_NETIF_TX_CHECKSUM, 0);
    for (unsigned lent = 0; lent < 2; lent++) {
        assert_int_equal(carry_checksum(left, right, LEAT_CHECKSUM_PARTIAL, lent),
                         LEAT_CHECKSUM_VERIFIED);
        assert_int_equal(carry_checksum(right, left, LEAT_CHECKSUM_UNKNOWN, lent),
                         LEAT_CHECKSUM_UNKNOWN);
    }
    close_pair();
}

static void marks_at_one_end_only_end_it_with_a_line(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    for (unsigned marked = 0; marked < 2; marked++) {
        open_marked_pair(marked == 0, marked == 1);
        transmit(left, make_frame());
        transmit(right, make_frame());
        assert_int_equal(receive(right, frames), 0);
        assert_non_null(strstr(leat_socket_lost(right),
                               marked ? "doesn't leave out checksums" : "leaves out checksums"));
        assert_non_null(strstr(leat_socket_lost(right), "both ends must have marks"));
        close_pair();
    }
}

static void without_marks_no_checksum_is_left_out(void **state)
{
    (void)state;
    open_marked_pair(false, false);
    assert_int_equal(leat_socket_netif(left)->capabilities &
                         (LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_RX_CHECKSUM),
                     0);
    close_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_leats_leave_checksums_out_and_say_so),
        cmocka_unit_test(marks_at_one_end_only_end_it_with_a_line),
        cmocka_unit_test(without_marks_no_checksum_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

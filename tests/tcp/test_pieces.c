/* test_pieces.c -- data in short pieces: the buffers in which it waits, the frames in which it is
 * sent. */
#include "talk.h"

enum {
    MSS = 1460
};

static void establish(struct talk *talk)
{
    talk_establish_with(talk, MSS, NO_SHIFT);
}

static void short_writes_take_one_buffer(struct talk *talk)
{
    struct leat_pool *pool = leat_pool(talk->world->stack);
    const uint32_t free_before = leat_pool_free_count(pool);
    size_t taken;

    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(leat_tcp_write(talk->conn, "a", 1, &taken), LEAT_OK);
    assert_int_equal(free_before - leat_pool_free_count(pool), 1);
}

static void short_writes_in_ESTABLISHED_take_one_buffer(void **state)
{
    establish(*state);
    short_writes_take_one_buffer(*state);
    world_mark(((struct talk *)*state)->world);
}

static void short_writes_in_CLOSE_WAIT_take_one_buffer(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 1, 2, 0);
    short_writes_take_one_buffer(talk);
}

static void short_writes_in_SYN_SENT_take_one_buffer(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    short_writes_take_one_buffer(talk);
    rx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_info(talk).snd_nxt - talk_info(talk).snd_una, 100);
}

/* 400 bytes in pieces of 10 are queued behind a first segment, which is acknowledged. */
static void send_short_pieces(struct talk *talk)
{
    establish(talk);
    talk_send(talk, 1);
    tx(talk, ACK, 1, 1, 1);
    for (unsigned i = 0; i < 40; i++)
        talk_queue(talk, 10);
    rx(talk, ACK, 1, 2, 0);
}

/* More pieces than a device gathers: several segments, and every byte right. */
static void many_short_pieces_leave_in_several_segments(void **state)
{
    struct talk *talk = *state;

    send_short_pieces(talk);
    tx(talk, ACK, 2, 1, 160);
    assert_int_equal(talk->last.pieces, LEAT_NETIF_GATHER_PIECES);
    for (uint32_t at = 162; at < 402; at += 160) {
        world_mark(talk->world);
        rx(talk, ACK, 1, at, 0);
        tx(talk, ACK, at, 1, at < 322 ? 160 : 80);
    }
}

static void a_device_says_how_many_pieces_it_gathers(void **state)
{
    struct talk *talk = *state;

    talk->world->dev.netif.gather_pieces = 33;
    send_short_pieces(talk);
    tx(talk, ACK, 2, 1, 320);
    assert_int_equal(talk->last.pieces, 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(short_writes_in_ESTABLISHED_take_one_buffer),
        talk_test(short_writes_in_CLOSE_WAIT_take_one_buffer),
        talk_test(short_writes_in_SYN_SENT_take_one_buffer),
        talk_test(many_short_pieces_leave_in_several_segments),
        talk_test(a_device_says_how_many_pieces_it_gathers),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

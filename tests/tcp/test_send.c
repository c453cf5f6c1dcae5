/* test_send.c -- the times and sizes of segments with data (RFC 9293 3.7.4, 3.8.6, 3.9.1.2). */
#include "talk.h"

enum {
    MSS = 1460
};

static bool pushed(const struct talk *talk)
{
    return talk->last.bytes[FRAME_L4 + 13] & PSH;
}

static void establish(struct talk *talk)
{
    talk_establish_with(talk, MSS, NO_SHIFT);
}

/* ---- Nagle and PSH ------------------------------------------------------------------------ */

/* RFC 9293 3.7.4 */
static void little_data_waits_while_data_is_in_flight(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_send(talk, 20);
    talk_send(talk, 30);
    quiet(talk);
    rx(talk, ACK, 1, 11, 0);
    tx(talk, PSH | ACK, 11, 1, 50);
    quiet(talk);
}

static void full_segment_never_waits(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_send(talk, 1000);
    quiet(talk);
    talk_send(talk, 500);
    tx(talk, ACK, 11, 1, MSS);
    quiet(talk);
}

/* RFC 9293 3.7.4, MUST-17: the program can turn it off */
static void nodelay_sends_at_once(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_send(talk, 20);
    quiet(talk);
    leat_tcp_set_nodelay(talk->conn, true); /* also for data that waits already */
    world_poll(talk->world);
    tx(talk, ACK, 11, 1, 20);
    talk_send(talk, 30);
    tx(talk, ACK, 31, 1, 30);
}

static void FIN_does_not_wait(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_queue(talk, 20);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | PSH | ACK, 11, 1, 20);
}

/* RFC 9293 3.9.1.2, MUST-61: the last segment of the queue has PSH */
static void last_segment_is_pushed_and_no_other(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    leat_tcp_set_nodelay(talk->conn, true);
    talk_send(talk, 2 * MSS + 100);
    tx(talk, ACK, 1, 1, MSS);
    assert_false(pushed(talk));
    tx(talk, ACK, 1 + MSS, 1, MSS);
    assert_false(pushed(talk));
    tx(talk, PSH | ACK, 1 + 2 * MSS, 1, 100);
    quiet(talk);
}

/* RFC 9293 3.9.1.2: pieces that are sent together have one PSH */
static void several_writes_are_pushed_once(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    leat_tcp_set_nodelay(talk->conn, true);
    talk_queue(talk, 600);
    talk_queue(talk, 600);
    talk_send(talk, 600);
    tx(talk, ACK, 1, 1, MSS);
    assert_false(pushed(talk));
    tx(talk, PSH | ACK, 1 + MSS, 1, 1800 - MSS);
    assert_true(pushed(talk));
    quiet(talk);
}

/* ---- windows ------------------------------------------------------------------------------ */

static void no_more_is_sent_than_the_peer_has_room_for(void **state)
{
    struct talk *talk = *state;

    talk->window_peer = 3 * MSS;
    establish(talk);
    talk_send(talk, 10 * MSS);
    for (unsigned i = 0; i < 3; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    quiet(talk);
    rx(talk, ACK, 1, 1 + MSS, 0);
    tx(talk, ACK, 1 + 3 * MSS, 1, MSS);
    quiet(talk);
}

/* RFC 9293 3.8.6.2.1, MUST-38: silly window syndrome */
static void crumbs_of_a_window_are_not_used(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk->window_peer = MSS - 1;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 10 * MSS);
    quiet(talk);
    talk->window_peer = MSS;
    rx(talk, ACK, 1, 1, 0);
    tx(talk, ACK, 1, 1, MSS);
    quiet(talk);
}

/* RFC 9293 3.8.6.2.1 (3): half of the largest window is enough */
static void half_of_a_small_peers_window_is_used(void **state)
{
    struct talk *talk = *state;

    talk->window_peer = 1000;
    establish(talk);
    talk_send(talk, 3000);
    tx(talk, ACK, 1, 1, 1000);
    talk->window_peer = 499;
    rx(talk, ACK, 1, 1001, 0);
    quiet(talk);
    talk->window_peer = 500;
    rx(talk, ACK, 1, 1001, 0);
    tx(talk, ACK, 1001, 1, 500);
}

/* RFC 9293 3.8.6, MUST-34: a peer that shrinks its window */
static void shrunk_window_is_survived(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 5 * MSS);
    for (unsigned i = 0; i < 5; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    talk->window_peer = MSS;
    rx(talk, ACK, 1, 1 + MSS, 0); /* three segments lie outside now */
    talk_send(talk, MSS);
    quiet(talk);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1 + MSS, 1, MSS); /* the retransmission lies inside */
    quiet(talk);
    rx(talk, ACK, 1, 1 + 5 * MSS, 0);
    tx(talk, ACK, 1 + 5 * MSS, 1, MSS);
}

/* RFC 9293 3.10.7.4 fifth: SND.WL1, SND.WL2 */
static void old_segment_does_not_bring_back_an_old_window(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk->window_peer = 2000;
    rx(talk, ACK, 101, 11, 10); /* overtakes those that follow */
    tx(talk, ACK, 11, 1, 0);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 2000);
    talk->window_peer = 50000;
    rx(talk, ACK, 1, 11, 50); /* lower SEQ: SND.WL1 */
    world_mark(talk->world);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 2000);
    talk->window_peer = 3000;
    rx(talk, ACK, 101, 11, 10); /* the same numbers: an update */
    world_mark(talk->world);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 3000);
}

/* ---- the queue ---------------------------------------------------------------------------- */

/* RFC 9293 3.10.2 */
static void data_queued_before_the_handshake_goes_after_it(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, MSS, NO_SHIFT);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    talk_send(talk, 100);
    assert_int_equal(talk->err, LEAT_OK);
    quiet(talk);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, PSH | ACK, 1, 1, 100);
    quiet(talk); /* it carried the ACK */
}

static void small_queue(struct talk *talk)
{
    talk->world->tcp_config.send_queue_bytes = 10000;
    talk_begin(talk);
    establish(talk);
}

static void full_queue_refuses_all_and_says_when_it_has_room(void **state)
{
    struct talk *talk = *state;

    small_queue(talk);
    talk_queue(talk, 9000);
    assert_int_equal(leat_tcp_send_room(talk->conn), 1000);
    talk_queue(talk, 1001);
    assert_int_equal(talk->err, LEAT_ERR_FULL);
    assert_int_equal(leat_tcp_send_room(talk->conn), 1000);
    world_poll(talk->world);
    world_mark(talk->world);
    rx(talk, ACK, 1, 3001, 0);
    assert_int_equal(talk->writable, 0); /* not before half is free */
    world_mark(talk->world);
    rx(talk, ACK, 1, 4001, 0);
    world_poll(talk->world);
    assert_int_equal(talk->writable, 1);
    world_mark(talk->world);
    rx(talk, ACK, 1, 9001, 0);
    assert_int_equal(talk->writable, 1); /* once */
}

/* The initial window is 10 MSS, so the path doesn't limit the queue. */
static void program_bounds_the_queue_of_a_connection(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    assert_int_equal(leat_tcp_send_room(talk->conn), 256 * 1024);
    leat_tcp_set_send_queue(talk->conn, 1);
    assert_int_equal(leat_tcp_send_room(talk->conn), 2048);
    leat_tcp_set_send_queue(talk->conn, 2049);
    assert_int_equal(leat_tcp_send_room(talk->conn), 4096);
    leat_tcp_set_send_queue(talk->conn, UINT32_MAX);
    assert_int_equal(leat_tcp_send_room(talk->conn),
                     256 * 1024); /* the initial limit of any queue */
    leat_tcp_set_send_queue(talk->conn, 0);
    assert_int_equal(leat_tcp_send_room(talk->conn), 256 * 1024);
}

static void wider_bound_of_a_full_queue_tells_the_program(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    leat_tcp_set_send_queue(talk->conn, 4096);
    talk_queue(talk, 4000);
    leat_tcp_set_send_queue(talk->conn, 2048); /* queued data stays */
    assert_int_equal(leat_tcp_send_room(talk->conn), 0);
    assert_int_equal(talk_info(talk).queued_bytes, 4000);
    leat_tcp_set_send_queue(talk->conn, 4096); /* less than half is free */
    world_poll(talk->world);
    assert_int_equal(talk->writable, 0);
    leat_tcp_set_send_queue(talk->conn, 8192);
    world_poll(talk->world);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(leat_tcp_send_room(talk->conn), 4192);
    world_mark(talk->world);
}

static void write_takes_as_much_as_fits(void **state)
{
    struct talk *talk = *state;
    uint8_t bytes[12000];
    size_t taken;

    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = talk_byte(1 + i);
    small_queue(talk);
    assert_int_equal(leat_tcp_write(talk->conn, bytes, sizeof bytes, &taken), LEAT_OK);
    assert_int_equal(taken, 10000);
    assert_int_equal(leat_tcp_write(talk->conn, bytes, 1, &taken), LEAT_ERR_FULL);
    assert_int_equal(taken, 0);
    memset(bytes, 0, sizeof bytes); /* it was copied */
    world_poll(talk->world);
    for (unsigned i = 0; i < 6; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    rx(talk, ACK, 1, 1 + 6 * MSS, 0);
    world_poll(talk->world);
    tx(talk, ACK, 1 + 6 * MSS, 1, 10000 - 6 * MSS);
    assert_int_equal(talk->writable, 1);
}

static void on_released(void *arg)
{
    (*(unsigned *)arg)++;
}

/* Zero copy: the data may be sent again until the peer has acknowledged it. */
static void lent_memory_is_released_when_the_peer_has_it(void **state)
{
    struct talk *talk = *state;
    uint8_t bytes[3000];
    unsigned released = 0;

    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = talk_byte(1 + i);
    establish(talk);
    assert_int_equal(leat_tcp_send(talk->conn, leat_buf_lend(leat_pool(talk->world->stack), bytes,
                                                             sizeof bytes, on_released, &released)),
                     LEAT_OK);
    world_poll(talk->world);
    tx(talk, ACK, 1, 1, MSS);
    assert_int_equal(talk->last.len, FRAME_L4 + 20 + MSS);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    rx(talk, ACK, 1, 1 + 2 * MSS, 0);
    tx(talk, ACK, 1 + 2 * MSS, 1, 3000 - 2 * MSS);
    assert_int_equal(released, 0);
    rx(talk, ACK, 1, 3001, 0);
    assert_int_equal(released, 1);
    assert_int_equal(leat_stats(talk->world->stack)->copied_tx_bytes, 0);
}

static void lent_memory_is_released_when_the_connection_dies(void **state)
{
    struct talk *talk = *state;
    unsigned released = 0;

    establish(talk);
    leat_tcp_send(talk->conn,
                  leat_buf_lend(leat_pool(talk->world->stack), "abc", 3, on_released, &released));
    world_poll(talk->world);
    world_mark(talk->world);
    rx(talk, RST, 1, 0, 0);
    assert_int_equal(released, 1);
    leat_tcp_listener_close(talk->listener);
}

static void nothing_is_taken_once_our_side_is_closed(void **state)
{
    struct talk *talk = *state;
    size_t taken;

    establish(talk);
    leat_tcp_shutdown(talk->conn);
    assert_int_equal(leat_tcp_send_room(talk->conn), 0);
    talk_send(talk, 10);
    assert_int_equal(talk->err, LEAT_ERR_CLOSING);
    assert_int_equal(leat_tcp_write(talk->conn, "a", 1, &taken), LEAT_ERR_CLOSING);
    tx(talk, FIN | ACK, 1, 1, 0);
    quiet(talk);
}

/* RFC 9293 3.9.2.1 (MUST-48) */
static void program_sets_the_diffserv_field(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1], 0);
    leat_tcp_set_dscp(talk->conn, 46);
    rx(talk, ACK, 1, 11, 5);
    talk_send(talk, 10);
    tx(talk, ACK, 11, 6, 10);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1], 46 << 2);
}

/* Data for which no transmit queue has room waits with the frames before it. The stack must not ask
 * to be polled at once again and again, because it could do nothing. */
static void full_device_does_not_make_the_loop_spin(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;
    unsigned polls = 0;

    world->config.tx_queue_frames = 4;
    talk_begin(talk);
    establish(talk);
    world->dev.room = 0;
    world->dev.room_ns = world->now_ns + 5 * ms;
    talk_send(talk, 10 * MSS);
    world_poll(world);
    assert_int_equal(world->next_ns, world->now_ns + 5 * ms);
    world->dev.room = UINT32_MAX;
    do {
        world_poll(world);
    } while (world->next_ns == world->now_ns && ++polls < 10);
    assert_true(polls < 10);
    for (uint32_t i = 0; i < 10; i++)
        tx(talk, i < 9 ? ACK : PSH | ACK, 1 + i * MSS, 1, MSS);
    quiet(talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(program_sets_the_diffserv_field),
        talk_test(little_data_waits_while_data_is_in_flight),
        talk_test(full_segment_never_waits),
        talk_test(nodelay_sends_at_once),
        talk_test(FIN_does_not_wait),
        talk_test(last_segment_is_pushed_and_no_other),
        talk_test(several_writes_are_pushed_once),
        talk_test(no_more_is_sent_than_the_peer_has_room_for),
        talk_test(crumbs_of_a_window_are_not_used),
        talk_test(half_of_a_small_peers_window_is_used),
        talk_test(shrunk_window_is_survived),
        talk_test(old_segment_does_not_bring_back_an_old_window),
        talk_test(data_queued_before_the_handshake_goes_after_it),
        talk_test_later(full_queue_refuses_all_and_says_when_it_has_room),
        talk_test(program_bounds_the_queue_of_a_connection),
        talk_test(wider_bound_of_a_full_queue_tells_the_program),
        talk_test_later(write_takes_as_much_as_fits),
        talk_test(lent_memory_is_released_when_the_peer_has_it),
        talk_test(lent_memory_is_released_when_the_connection_dies),
        talk_test_later(full_device_does_not_make_the_loop_spin),
        talk_test(nothing_is_taken_once_our_side_is_closed),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}

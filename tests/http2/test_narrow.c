/* test_narrow.c -- replies through sessions with little room, to clients that read slowly. */
#include "http2_test.h"

static unsigned asked; /* calls of send_room of a narrow session */

static uint32_t count_calls(struct pipe_end *end, uint32_t room)
{
    (void)end;
    assert_true(++asked < 20000);
    return room;
}

/* Connects a client for which at most @capacity bytes are on their way. It gets @grain of them at a
 * time. */
static struct peer *connect_narrow(struct fixture *f, uint32_t capacity, uint32_t grain)
{
    struct peer *peer = connect_peer(f);

    peer->ends[0].capacity = capacity;
    peer->ends[0].grain = grain;
    peer->ends[1].grants = count_calls;
    asked = 0;
    return peer;
}

/* The session never becomes full, because room is left for heads of frames. So it reports room
 * only if it is asked to. */
static void test_a_session_with_little_room_is_asked_for_more(void **state)
{
    static const uint32_t capacities[] = {8192, 9000, 12000, 17000, 20000, 40000, 70000};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct peer *peer = connect_narrow(f, capacities[i], 700);
        struct reply *replies[4];

        for (unsigned n = 0; n < 4; n++)
            replies[n] = ask(peer, "GET", n == 1 ? "/" : "/big", 0, NULL);
        flush(peer);
        world_wait(f->world, 10 * second);
        for (unsigned n = 0; n < 4; n++) {
            if (!replies[n]->whole)
                fail_msg("%u bytes: reply %u has stopped after %zu", capacities[i], n,
                         replies[n]->have);
        }
        assert_memory_equal(replies[3]->bytes, big, BIG_BYTES);
        close_peer(peer);
    }
}

/* The same with a route that sends what it receives. */
static void test_an_echo_fits_through(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_narrow(f, 9000, 500);
    struct reply *reply = ask(peer, "POST", "/echo", 200000, NULL);

    flush(peer);
    assert_true(world_run(f->world, &reply->closed, 10 * second));
    assert_int_equal(reply->have, 200000);
    close_peer(peer);
}

/* A window that is taken back leaves data in the queue, which takes up the session's room. Other
 * streams wait for it without turning in circles. */
static void test_a_window_that_is_taken_back_costs_little(void **state)
{
    const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    const nghttp2_settings_entry some = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535};
    struct fixture *f = *state;
    struct peer *peer = connect_narrow(f, 20000, 0);
    struct reply *stuck, *other;

    peer->deaf = true;
    stuck = ask(peer, "GET", "/big", 0, NULL);
    flush(peer);
    world_wait(f->world, 10 * ms);
    nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, &none, 1);
    other = ask(peer, "GET", "/", 0, NULL);
    flush(peer);
    world_wait(f->world, 10 * ms);
    peer->deaf = false;
    peer->ends[0].events->on_readable(NULL, peer);
    asked = 0;
    world_wait(f->world, second);
    assert_false(stuck->closed);
    assert_in_range(asked, 0, 1000);
    nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, &some, 1);
    flush(peer);
    world_wait(f->world, second);
    assert_int_equal(stuck->have, BIG_BYTES);
    assert_true(stuck->whole && other->whole);
    close_peer(peer);
}

/* A session that has never room for a reply isn't asked without end. */
static void test_a_session_that_is_too_narrow_costs_little(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_narrow(f, 1500, 0);
    struct reply *reply = ask(peer, "GET", "/big", 0, NULL);

    flush(peer);
    world_wait(f->world, second);
    assert_in_range(reply->have, 0, 500);
    assert_in_range(asked, 1, 2000);
    peer->ends[0].capacity = PIPE_BYTES;
    world_wait(f->world, second);
    assert_true(reply->whole);
    close_peer(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_session_with_little_room_is_asked_for_more),
        TEST(test_an_echo_fits_through),
        TEST(test_a_window_that_is_taken_back_costs_little),
        TEST(test_a_session_that_is_too_narrow_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

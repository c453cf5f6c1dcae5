/* test_ring.c -- no end sleeps while there is work: the two orders of events that decide it. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "pair.h"

enum {
    ROUNDS = 200000, /* about a second's work with a processor for each end */
    SECONDS = 10,    /* limit if other programs use the processors */
    LITMUS_BYTES = 4096
};

/* ---- the second check, in its critical window ---------------------------------------------- */

static uint32_t puts_between; /* frames that left puts while right checks its bells */

/* shm.c calls it just before it announces its sleep; replaces the libc's. */
ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    for (; puts_between > 0; puts_between--)
        send_one(left, 60);
    return recvfrom(fd, bytes, len, flags, NULL, NULL);
}

static void a_frame_that_comes_just_before_we_sleep_is_seen(void **state)
{
    struct leat_buf *frames[BURST];
    uint64_t rung;

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    send_one(left, 60);
    expect_one(right, 60);
    rung = leat_shm_counters(left)->bells_rung;
    puts_between = 1;
    assert_int_equal(receive(right, frames, BURST), 1); /* no bell will wake us for it */
    assert_int_equal(puts_between, 0);
    assert_int_equal(leat_shm_counters(left)->bells_rung, rung);
    expect_bytes(frames[0], 60);
    settle_pair();
    send_one(left, 60);
    assert_int_equal(leat_shm_counters(left)->bells_rung, rung + 1);
    expect_one(right, 60);
    close_pair();
}

static void room_that_comes_just_before_we_wait_for_it_is_seen(void **state)
{
    static uint64_t bytes[LITMUS_BYTES / 8];
    static struct ring_shared shared;
    struct ring producer, consumer;
    struct leat_buf *frame;

    (void)state;
    unit_pool_open(&unit, 64, 2048, 64, 64);
    leat_ring_init_producer(&producer, &shared, (uint8_t *)bytes, sizeof bytes);
    leat_ring_init_consumer(&consumer, &shared, (uint8_t *)bytes, sizeof bytes);
    while (leat_ring_free_bytes(&producer) >= leat_ring_record_bytes(1000)) {
        frame = make_frame(1000);
        leat_ring_put(&producer, frame, 1000);
        leat_buf_free(frame);
    }
    leat_ring_tell(&producer);
    assert_true(leat_ring_look(&consumer));
    assert_int_equal(leat_ring_take(&consumer, &unit.pool, 0, 1518, &frame), RING_FRAME);
    leat_buf_free(frame);
    assert_false(leat_ring_tell(&consumer)); /* nothing waits yet */
    assert_true(leat_ring_arm(&producer, producer.peer_index));
    assert_int_equal(leat_ring_free_bytes(&producer), 4096 - 3 * 1008);
    unit_pool_close(&unit);
}

/* ---- two processors at the same moment ---------------------------------------------------- */

static struct {
    struct ring_shared shared;
    struct ring producer, consumer;
    uint64_t bytes[LITMUS_BYTES / 8];
    struct leat_buf *frame;
    _Atomic uint32_t begun; /* rounds that the producer may begin */
    _Atomic uint32_t done;  /* rounds that it has finished */
    _Atomic bool woke;
    _Atomic bool over;
} litmus;

static void *produce(void *nothing)
{
    for (uint32_t round = 1;; round++) {
        while (atomic_load(&litmus.begun) < round) {
            if (atomic_load(&litmus.over))
                return nothing;
            sched_yield();
        }
        atomic_store(&litmus.woke, leat_ring_tell(&litmus.producer));
        atomic_store(&litmus.done, round);
    }
}

/* One end announces its sleep while the other publishes a frame: at least one sees the
 * other's word. */
static void at_least_one_of_two_simultaneous_ends_notices_the_other(void **state)
{
    const time_t end = time(NULL) + SECONDS;
    pthread_t thread;
    uint32_t lost = 0;

    (void)state;
    unit_pool_open(&unit, 8, 2048, 8, 8);
    litmus.frame = make_frame(60);
    leat_ring_init_producer(&litmus.producer, &litmus.shared, (uint8_t *)litmus.bytes,
                            LITMUS_BYTES);
    leat_ring_init_consumer(&litmus.consumer, &litmus.shared, (uint8_t *)litmus.bytes,
                            LITMUS_BYTES);
    assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
    for (uint32_t round = 1; round <= ROUNDS && time(NULL) < end; round++) {
        struct leat_buf *frame;
        bool saw;

        leat_ring_look(&litmus.producer);
        leat_ring_put(&litmus.producer, litmus.frame, 60);
        atomic_store(&litmus.begun, round);
        for (volatile uint32_t delay = round % 64; delay > 0; delay--) {
        }
        saw = leat_ring_arm(&litmus.consumer, litmus.consumer.index);
        while (atomic_load(&litmus.done) < round)
            sched_yield();
        lost += !saw && !atomic_load(&litmus.woke);
        leat_ring_look(&litmus.consumer);
        assert_int_equal(leat_ring_take(&litmus.consumer, &unit.pool, 0, 1518, &frame), RING_FRAME);
        leat_buf_free(frame);
        leat_ring_tell(&litmus.consumer);
    }
    atomic_store(&litmus.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(lost, 0);
    leat_buf_free(litmus.frame);
    unit_pool_close(&unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_comes_just_before_we_sleep_is_seen),
        cmocka_unit_test(room_that_comes_just_before_we_wait_for_it_is_seen),
        cmocka_unit_test(at_least_one_of_two_simultaneous_ends_notices_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

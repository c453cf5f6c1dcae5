/* test_stack.c -- leat_init() and its refusals, memory, the ready queue, and time. */
#include "unit.h"

#include <leat/leat.h>

#include "base.h"

/* A small stack, so that a test of every alignment is quick. */
static struct leat_config small_config(void)
{
    struct leat_config config = {.buf_count = 8, .buf_bytes = 512, .arp_entries = 4};

    memset(config.seed, 7, sizeof config.seed);
    return config;
}

static void a_stack_fits_in_exactly_the_memory_it_asks_for(void **state)
{
    const struct leat_config config = small_config();
    const size_t bytes = leat_memory_bytes(&config);

    (void)state;
    for (unsigned skew = 0; skew < 2 * ARENA_ALIGN; skew++) {
        /* ASan guards both ends of the memory */
        uint8_t *block = malloc(bytes + skew);
        struct leat *stack = NULL;

        memset(block, 0xa5, bytes + skew);
        assert_int_equal(leat_init(&stack, block + skew, bytes, &config), LEAT_OK);
        assert_int_equal(leat_poll(stack, 0), LEAT_NEVER_NS);
        leat_close(stack);
        free(block);
    }
}

static void refused(const struct leat_config *config, size_t bytes, enum leat_err err)
{
    const size_t block_bytes = leat_memory_bytes(config);
    void *block = malloc(block_bytes);
    struct leat *stack = (void *)1;

    assert_int_equal(leat_init(&stack, block, bytes < block_bytes ? bytes : block_bytes, config),
                     err);
    assert_ptr_equal(stack, (void *)1);
    free(block);
}

static void a_block_too_small_is_refused(void **state)
{
    const struct leat_config config = small_config();
    const size_t bytes = leat_memory_bytes(&config);

    (void)state;
    refused(&config, 0, LEAT_ERR_MEMORY);
    refused(&config, 1, LEAT_ERR_MEMORY);
    refused(&config, bytes / 2, LEAT_ERR_MEMORY);
    refused(&config, bytes - 1, LEAT_ERR_MEMORY);
}

/* Registering more than the memory was computed for is an error, wherever the memory ends. */
static void transports_refuse_a_block_too_small(void **state)
{
    const struct leat_config config = small_config();
    const struct leat_udp_config udp = {.sockets = 4};
    const struct leat_tcp_config tcp = {.connections = 2,
                                        .half_open = 2,
                                        .time_wait = 2,
                                        .listeners = 2,
                                        .reorder_runs = 2,
                                        .sent_segments = 2};
    const size_t bytes = leat_memory_bytes(&config);
    const size_t with_udp = bytes + leat_udp_memory_bytes(&udp);
    const size_t whole = with_udp + leat_tcp_memory_bytes(&tcp);
    const size_t slack = 2 * ARENA_ALIGN; /* part of the size, for alignment */
    uint8_t *block = malloc(whole);
    struct leat *stack;

    (void)state;
    for (size_t given = bytes; given + slack < with_udp; given += 16) {
        assert_int_equal(leat_init(&stack, block, given, &config), LEAT_OK);
        assert_int_equal(leat_udp_register(stack, &udp), LEAT_ERR_MEMORY);
    }
    for (size_t given = with_udp; given + slack < whole; given += 16) {
        assert_int_equal(leat_init(&stack, block, given, &config), LEAT_OK);
        assert_int_equal(leat_udp_register(stack, &udp), LEAT_OK);
        assert_int_equal(leat_tcp_register(stack, &tcp), LEAT_ERR_MEMORY);
    }
    assert_int_equal(leat_init(&stack, block, whole, &config), LEAT_OK);
    assert_int_equal(leat_udp_register(stack, &udp), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, &tcp), LEAT_OK);
    leat_close(stack);
    free(block);
}

/* The memory that the first call has taken is lost, but nothing else is. */
static void tcp_may_be_registered_with_less_after_a_failure(void **state)
{
    struct leat_config config = small_config();
    const struct leat_tcp_config small = {.connections = 2}, large = {.connections = 60000};
    const size_t bytes = leat_memory_bytes(&config) + 2 * leat_tcp_memory_bytes(&small);
    uint8_t *block = malloc(bytes);
    struct leat *stack;

    (void)state;
    assert_int_equal(leat_init(&stack, block, bytes, &config), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, &large), LEAT_ERR_MEMORY);
    assert_int_equal(leat_tcp_register(stack, &small), LEAT_OK);
    leat_close(stack);
    free(block);
}

static void no_start_without_entropy(void **state)
{
    struct leat_config config = small_config();

    (void)state;
    memset(config.seed, 0, sizeof config.seed);
    refused(&config, SIZE_MAX, LEAT_ERR_ENTROPY);
    config.seed[LEAT_SEED_BYTES - 1] = 1;
    refused(&config, 0, LEAT_ERR_MEMORY);
}

static void limits_out_of_range_are_refused(void **state)
{
    struct leat_config config = small_config();

    (void)state;
    config.buf_bytes = 2 * LEAT_BUF_HEADROOM - 8;
    refused(&config, SIZE_MAX, LEAT_ERR_ARGUMENT);
    config = small_config();
    config.buf_bytes = 1001; /* not a multiple of 8 */
    refused(&config, SIZE_MAX, LEAT_ERR_ARGUMENT);
    config = small_config();
    config.burst_frames = 257;
    refused(&config, SIZE_MAX, LEAT_ERR_ARGUMENT);
}

/* A stack in static memory, for the tests below. */
static struct leat *begin(uint8_t seed_byte)
{
    static uint8_t blocks[2][1024 * 1024];
    struct leat_config config = small_config();
    struct leat *stack;

    memset(config.seed, seed_byte, sizeof config.seed);
    assert_int_equal(leat_init(&stack, blocks[seed_byte & 1], sizeof blocks[0], &config), LEAT_OK);
    return stack;
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
    uint64_t first[16];
    struct leat *stack = begin(1);

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        first[i] = leat_random(stack);
    stack = begin(1);
    for (unsigned i = 0; i < 16; i++)
        assert_true(leat_random(stack) == first[i]);
    stack = begin(2);
    assert_true(leat_random(stack) != first[0]);
}

static void reseeding_changes_the_numbers_and_needs_entropy(void **state)
{
    static const uint8_t zero[LEAT_SEED_BYTES];
    uint8_t seed[LEAT_SEED_BYTES] = {9};
    struct leat *cloned = begin(1), *reseeded;
    const struct siphash_key table_key = cloned->table_key;
    uint64_t number;

    (void)state;
    assert_int_equal(leat_reseed(cloned, zero), LEAT_ERR_ENTROPY);
    number = leat_random(cloned);
    reseeded = begin(1);
    assert_int_equal(leat_reseed(reseeded, seed), LEAT_OK);
    assert_true(leat_random(reseeded) != number);
    /* entries of hash tables stay where the old key put them */
    assert_true(reseeded->table_key.k0 == table_key.k0 && reseeded->table_key.k1 == table_key.k1);
}

static void random_below_stays_below(void **state)
{
    struct leat *stack = begin(1);
    unsigned seen = 0;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        const uint32_t number = stack_random_below(stack, 10);

        assert_true(number < 10);
        seen |= 1u << number;
        assert_int_equal(stack_random_below(stack, 1), 0);
    }
    assert_int_equal(seen, (1 << 10) - 1);
}

static void defaults_stand_in_for_zeros(void **state)
{
    struct leat *stack = begin(1);

    (void)state;
    assert_int_equal(stack->config.ttl, 64);
    assert_int_equal(stack->config.burst_frames, 128);
    assert_int_equal(leat_pool_free_count(leat_pool(stack)), 8);
    assert_int_equal(leat_pool_buf_bytes(leat_pool(stack)), 512);
    assert_true(leat_stats_balance(leat_stats(stack)));
}

/* ---- ready queue ----------------------------------------------------------------------------- */

struct caller {
    struct ready ready;
    unsigned calls;
    bool again;
};

static void call(struct leat *stack, struct ready *ready)
{
    struct caller *caller = (void *)ready;

    caller->calls++;
    if (caller->again)
        stack_ready(stack, ready);
}

static void callbacks_run_once_a_poll_even_if_they_ask_again(void **state)
{
    struct leat *stack = begin(1);
    struct caller once = {.ready.run = call};
    struct caller busy = {.ready.run = call, .again = true};

    (void)state;
    stack_ready(stack, &once.ready);
    stack_ready(stack, &once.ready);
    stack_ready(stack, &busy.ready);
    assert_true(leat_poll(stack, 5) == 5); /* there is work left */
    assert_int_equal(once.calls, 1);
    assert_int_equal(busy.calls, 1);
    busy.again = false;
    assert_true(leat_poll(stack, 6) == LEAT_NEVER_NS);
    assert_int_equal(busy.calls, 2);
    assert_int_equal(once.calls, 1);
}

static void an_entry_that_is_no_longer_ready_is_not_called(void **state)
{
    struct leat *stack = begin(1);
    struct caller caller = {.ready.run = call};

    (void)state;
    stack_ready(stack, &caller.ready);
    stack_not_ready(&caller.ready);
    stack_not_ready(&caller.ready);
    assert_true(leat_poll(stack, 0) == LEAT_NEVER_NS);
    assert_int_equal(caller.calls, 0);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void poll_backwards(void *stack)
{
    leat_poll(stack, 9);
}

static void time_that_goes_back_is_asserted(void **state)
{
    struct leat *stack = begin(1);

    (void)state;
    leat_poll(stack, 10);
    leat_poll(stack, 10);
    assert_true(unit_dies(poll_backwards, stack));
}

/* ---- attaching ------------------------------------------------------------------------------- */

static void attach_refuses_unusable_netifs(void **state)
{
    struct leat *stack = begin(1);
    struct leat_netif netifs[LEAT_NETIFS_MAX + 1];

    (void)state;
    memset(netifs, 0, sizeof netifs);
    for (unsigned i = 0; i <= LEAT_NETIFS_MAX; i++)
        netifs[i].mtu = 1500;
    netifs[0].mtu = 67; /* RFC 791 3.2: every module forwards 68 */
    assert_int_equal(leat_attach(stack, &netifs[0]), LEAT_ERR_ARGUMENT);
    netifs[0].mtu = 68;
    netifs[0].mac.octet[0] = 1;
    assert_int_equal(leat_attach(stack, &netifs[0]), LEAT_ERR_ARGUMENT);
    netifs[0].mac.octet[0] = 2;
    for (unsigned i = 0; i < LEAT_NETIFS_MAX; i++)
        assert_int_equal(leat_attach(stack, &netifs[i]), LEAT_OK);
    assert_int_equal(leat_attach(stack, &netifs[0]), LEAT_ERR_ARGUMENT); /* twice */
    assert_int_equal(leat_attach(stack, &netifs[LEAT_NETIFS_MAX]), LEAT_ERR_FULL);
}

/* ---- without memory -------------------------------------------------------------------------- */

/* A backend with a frame of the largest size, which it copies into the pool once it fits. */
static uint32_t receive_if_it_fits(struct leat_netif *netif, uint64_t now_ns,
                                   struct leat_pool *pool, struct leat_buf **frames,
                                   uint32_t frames_max)
{
    static const uint8_t frame[14 + 4096];

    (void)now_ns;
    (void)frames_max;
    frames[0] = leat_buf_copy(pool, frame, 14u + netif->mtu);
    return frames[0] ? 1 : 0;
}

static uint32_t room_for_all(struct leat_netif *netif)
{
    (void)netif;
    return UINT32_MAX;
}

static uint64_t look_at_once(struct leat_netif *netif, uint64_t now_ns)
{
    (void)netif;
    return now_ns;
}

/* With any number of free buffers, either the frame fits, or the loop may sleep a little. */
static void a_frame_that_no_memory_is_left_for_does_not_keep_the_loop_awake(void **state)
{
    static const struct leat_netif_ops ops = {
        .receive = receive_if_it_fits, .transmit_room = room_for_all, .next_look_ns = look_at_once};
    const uint32_t pool_bytes = 8 * 512; /* small_config() */

    (void)state;
    for (uint32_t mtu = pool_bytes - 200; mtu < pool_bytes; mtu++) {
        struct leat *stack = begin(1);
        struct leat_netif netif = {.ops = &ops, .mtu = (uint16_t)mtu, .mac = {{2}}};

        assert_int_equal(leat_attach(stack, &netif), LEAT_OK);
        assert_true(leat_poll(stack, 1000) > 1000 || leat_stats(stack)->rx_frames > 0);
    }
}

/* ---- timers of the program ------------------------------------------------------------------- */

struct alarm {
    struct leat_timer timer;
    struct leat *stack;
    unsigned calls;
    uint64_t again_ns; /* 0: doesn't repeat */
    struct leat_timer *cancels;
};

static void rings(struct leat_timer *timer, void *arg)
{
    struct alarm *alarm = arg;

    assert_ptr_equal(timer, &alarm->timer);
    assert_false(leat_timer_is_set(timer));
    alarm->calls++;
    if (alarm->again_ns)
        leat_timer_set(alarm->stack, timer, leat_now_ns(alarm->stack) + alarm->again_ns);
    if (alarm->cancels)
        leat_timer_cancel(alarm->stack, alarm->cancels);
}

static void set_alarm(struct alarm *alarm, struct leat *stack, uint64_t at_ns)
{
    alarm->stack = stack;
    alarm->timer.on_time = rings;
    alarm->timer.arg = alarm;
    leat_timer_set(stack, &alarm->timer, at_ns);
}

static void timer_of_the_program_is_called_in_time_and_once(void **state)
{
    struct leat *stack = begin(1);
    struct alarm alarm = {.calls = 0};
    uint64_t next;

    (void)state;
    assert_false(leat_timer_is_set(&alarm.timer));
    set_alarm(&alarm, stack, 1000000);
    assert_true(leat_timer_is_set(&alarm.timer));
    next = leat_poll(stack, 0);
    assert_in_range(next, 1000000, 1001024);
    leat_poll(stack, 999999);
    assert_int_equal(alarm.calls, 0);
    assert_true(leat_poll(stack, next) == LEAT_NEVER_NS);
    assert_int_equal(alarm.calls, 1);
    leat_poll(stack, next + 5000000);
    assert_int_equal(alarm.calls, 1);
}

static void timer_of_the_program_may_set_itself_again(void **state)
{
    struct leat *stack = begin(1);
    struct alarm alarm = {.again_ns = 100000};
    uint64_t now = 0;

    (void)state;
    set_alarm(&alarm, stack, 0); /* a past time is due at once */
    while (now < 1000000)
        now = leat_poll(stack, now);
    assert_in_range(alarm.calls, 10, 11);
}

static void timer_of_the_program_is_moved_and_taken_back(void **state)
{
    struct leat *stack = begin(1);
    struct alarm alarm = {.calls = 0};

    (void)state;
    leat_timer_cancel(stack, &alarm.timer); /* it isn't set */
    set_alarm(&alarm, stack, 1000);
    leat_timer_set(stack, &alarm.timer, 900000);
    leat_poll(stack, 500000);
    assert_int_equal(alarm.calls, 0);
    leat_timer_cancel(stack, &alarm.timer);
    assert_false(leat_timer_is_set(&alarm.timer));
    assert_true(leat_poll(stack, 2000000) == LEAT_NEVER_NS);
    assert_int_equal(alarm.calls, 0);
}

/* Both are due: the first callback cancels the other timer. */
static void timer_that_is_due_can_still_be_taken_back(void **state)
{
    struct leat *stack = begin(1);
    struct alarm first = {.calls = 0}, second = {.calls = 0};

    (void)state;
    set_alarm(&first, stack, 1000);
    set_alarm(&second, stack, 500000);
    first.cancels = &second.timer;
    leat_poll(stack, 1000000);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
    assert_false(leat_timer_is_set(&second.timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_fits_in_exactly_the_memory_it_asks_for),
        cmocka_unit_test(a_block_too_small_is_refused),
        cmocka_unit_test(transports_refuse_a_block_too_small),
        cmocka_unit_test(tcp_may_be_registered_with_less_after_a_failure),
        cmocka_unit_test(no_start_without_entropy),
        cmocka_unit_test(limits_out_of_range_are_refused),
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(reseeding_changes_the_numbers_and_needs_entropy),
        cmocka_unit_test(random_below_stays_below),
        cmocka_unit_test(defaults_stand_in_for_zeros),
        cmocka_unit_test(timer_of_the_program_is_called_in_time_and_once),
        cmocka_unit_test(timer_of_the_program_may_set_itself_again),
        cmocka_unit_test(timer_of_the_program_is_moved_and_taken_back),
        cmocka_unit_test(timer_that_is_due_can_still_be_taken_back),
        cmocka_unit_test(callbacks_run_once_a_poll_even_if_they_ask_again),
        cmocka_unit_test(an_entry_that_is_no_longer_ready_is_not_called),
        cmocka_unit_test(time_that_goes_back_is_asserted),
        cmocka_unit_test(attach_refuses_unusable_netifs),
        cmocka_unit_test(a_frame_that_no_memory_is_left_for_does_not_keep_the_loop_awake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

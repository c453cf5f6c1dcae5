/* test_defaults.c -- the defaults for 0 in a configuration, as stack.h and tcp.h document them. */
#include "unit.h"

#include <leat/leat.h>

#include "base.h"
#include "tcp/tcp.h"

static const uint64_t second = 1000000000;

/* A stack with memory for TCP as well; end() frees it. */
static struct leat *begin(struct leat_config config, const struct leat_tcp_config *tcp)
{
    const size_t needed = leat_memory_bytes(&config) + leat_tcp_memory_bytes(tcp);
    const size_t bytes = (needed + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct leat *stack;

    memset(config.seed, 7, sizeof config.seed);
    assert_int_equal(leat_init(&stack, aligned_alloc(ARENA_ALIGN, bytes), bytes, &config), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, tcp), LEAT_OK);
    return stack;
}

/* The memory was aligned, so it starts with the stack. */
static void end(struct leat *stack)
{
    leat_close(stack);
    free(stack);
}

static void a_stack_of_zeros_has_the_limits_that_its_header_names(void **state)
{
    struct leat *stack = begin((struct leat_config){0}, NULL);
    const struct leat_config *config = &stack->config;

    (void)state;
    assert_int_equal(config->buf_count, 1024);
    assert_int_equal(config->buf_bytes, 2048);
    assert_int_equal(config->small_count, 1024);
    assert_int_equal(config->view_count, 2048);
    assert_int_equal(config->burst_frames, 128);
    assert_int_equal(config->tx_queue_frames, 512);
    assert_int_equal(config->arp_entries, 256);
    assert_int_equal(config->arp_parked, 4);
    assert_int_equal(config->arp_shared, 128);
    assert_int_equal(config->routes, 16);
    assert_int_equal(config->reassemblies, 16);
    assert_int_equal(config->reassembly_fragments, 64);
    assert_int_equal(config->reassembly_bytes, 256 * 1024);
    assert_int_equal(config->icmp_errors_per_s, 100);
    assert_int_equal(config->icmp_echo_per_s, 100000);
    assert_int_equal(config->ttl, 64);
    end(stack);
}

/* All neighbours together may park an eighth of the buffers, at most 256; fragments may hold a
 * quarter of them, at most 256 KiB. */
static void limits_of_waiting_packets_grow_with_the_pool(void **state)
{
    static const struct {
        uint32_t buf_count, arp_shared, reassembly_bytes;
    } cases[] = {{64, 8, 32 * 1024},
                 {2047, 255, 256 * 1024},
                 {2048, 256, 256 * 1024},
                 {8192, 256, 256 * 1024}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct leat *stack = begin((struct leat_config){.buf_count = cases[i].buf_count}, NULL);

        assert_int_equal(stack->config.arp_shared, cases[i].arp_shared);
        assert_int_equal(stack->config.reassembly_bytes, cases[i].reassembly_bytes);
        end(stack);
    }
}

static void tcp_of_zeros_has_the_limits_that_its_header_names(void **state)
{
    struct leat *stack = begin((struct leat_config){0}, NULL);
    const struct leat_tcp_config *config = &stack->tcp->config;

    (void)state;
    assert_int_equal(config->connections, 1024);
    assert_int_equal(config->half_open, 1024);
    assert_int_equal(config->time_wait, 4096);
    assert_int_equal(config->listeners, 16);
    assert_int_equal(config->reorder_runs, 1024);
    assert_int_equal(config->reorder_runs_per_connection, 64);
    assert_int_equal(config->sent_segments, 4096);
    assert_int_equal(config->transfers, 1024);
    assert_int_equal(config->peers, 1024);
    assert_int_equal(config->share_percent, 100);
    assert_int_equal(config->receive_window_bytes, 4 * 1024 * 1024);
    assert_int_equal(config->send_queue_bytes, 4 * 1024 * 1024);
    assert_int_equal(config->keepalive_probes, 9);
    assert_ptr_equal(config->congestion, HAS_CUBIC ? &leat_tcp_cubic : &leat_tcp_newreno);
    end(stack);
}

static void tcp_of_zeros_waits_as_long_as_its_header_says(void **state)
{
    struct leat *stack = begin((struct leat_config){0}, NULL);
    const struct leat_tcp_config *config = &stack->tcp->config;

    (void)state;
    assert_int_equal(config->rto_min_ns, second / 5);
    assert_int_equal(config->rto_max_ns, 60 * second);
    assert_int_equal(config->delayed_ack_ns, 40 * second / 1000);
    assert_int_equal(config->msl_ns, 30 * second);
    assert_int_equal(config->fin_wait_2_ns, 60 * second);
    assert_int_equal(config->user_timeout_ns, 100 * second);
    assert_int_equal(config->connect_timeout_ns, 180 * second);
    assert_int_equal(config->keepalive_idle_ns, 7200 * second);
    assert_int_equal(config->keepalive_interval_ns, 75 * second);
    end(stack);
}

static void tables_follow_the_number_of_connections(void **state)
{
    static const struct {
        uint32_t connections, given_segments, half_open, time_wait, runs, segments, transfers,
            peers;
    } cases[] = {{1, 0, 64, 64, 64, 128, 1, 1},
                 {10, 0, 80, 64, 64, 160, 10, 10},
                 {100, 0, 800, 400, 100, 1600, 100, 100},
                 {128, 0, 1024, 512, 128, 2048, 128, 128},
                 {255, 0, 1024, 1020, 255, 4080, 255, 255},
                 {1025, 0, 1024, 4096, 1024, 4096, 1025, 1024},
                 {1500, 600, 1024, 4096, 1024, 600, 600, 1024},
                 {100000, 0, 1024, 4096, 1024, 4096, 4096, 1024}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct leat_tcp_config tcp = {.connections = cases[i].connections,
                                            .sent_segments = cases[i].given_segments};
        struct leat *stack = begin((struct leat_config){0}, &tcp);
        const struct leat_tcp_config *config = &stack->tcp->config;

        assert_int_equal(config->half_open, cases[i].half_open);
        assert_int_equal(config->time_wait, cases[i].time_wait);
        assert_int_equal(config->reorder_runs, cases[i].runs);
        assert_int_equal(config->sent_segments, cases[i].segments);
        assert_int_equal(config->transfers, cases[i].transfers);
        assert_int_equal(config->peers, cases[i].peers);
        end(stack);
    }
}

/* As docs/performance.md says: a TCP server with eight connections takes 64 KiB for all of leat. */
static void the_small_preset_takes_64_kib_with_eight_connections(void **state)
{
    const struct leat_config small = leat_small_config();
    const struct leat_tcp_config tcp = leat_tcp_small_config(8);

    (void)state;
    assert_int_equal(tcp.connections, 8);
    assert_in_range(leat_memory_bytes(&small) + leat_tcp_memory_bytes(&tcp), 1, 64 * 1024);
    end(begin(small, &tcp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_of_zeros_has_the_limits_that_its_header_names),
        cmocka_unit_test(limits_of_waiting_packets_grow_with_the_pool),
        cmocka_unit_test(tcp_of_zeros_has_the_limits_that_its_header_names),
        cmocka_unit_test(tcp_of_zeros_waits_as_long_as_its_header_says),
        cmocka_unit_test(tables_follow_the_number_of_connections),
        cmocka_unit_test(the_small_preset_takes_64_kib_with_eight_connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

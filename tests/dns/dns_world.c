#include "dns_world.h"

#include <leat/ipv6.h>

#include "tcp/conn/conn.h"

bool world_has_ipv6;
uint32_t world_buf_bytes;

static struct leat *make_stack(struct dns_world *world, int end)
{
    struct leat_config config = {
        .seed = {(uint8_t)(end + 1), 77}, .buf_count = 512, .buf_bytes = world_buf_bytes};
    /* no long reply fits in the send queue at once */
    const struct leat_tcp_config tcp = {
        .connections = 64, .half_open = 64, .time_wait = 64, .send_queue_bytes = 8192};
    const size_t bytes = leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) +
                         leat_tcp_memory_bytes(&tcp) +
                         (world_has_ipv6 ? leat_ipv6_memory_bytes(NULL) : 0);
    struct leat_netif *netif = leat_link_end(world->link, end);
    struct leat *stack;

    world->memory[end] = malloc(bytes);
    assert_int_equal(leat_init(&stack, world->memory[end], bytes, &config), LEAT_OK);
    assert_int_equal(leat_attach(stack, netif), LEAT_OK);
    assert_int_equal(leat_address_add(stack, netif, end == SERVER ? SERVER_IP : CLIENT_IP, 24),
                     LEAT_OK);
    if (end == SERVER)
        assert_int_equal(leat_address_add(stack, netif, SERVER2_IP, 24), LEAT_OK);
    assert_int_equal(leat_udp_register(stack, NULL), LEAT_OK);
    if (world_has_ipv6)
        assert_int_equal(leat_ipv6_register(stack, NULL), LEAT_OK);
    assert_int_equal(leat_tcp_register(stack, &tcp), LEAT_OK);
    return stack;
}

struct dns_world *world_create(void)
{
    struct dns_world *world = calloc(1, sizeof *world);

    world->memory[2] = malloc(leat_link_memory_bytes(256, 1514));
    world->link = leat_link_init(world->memory[2], 256, 1514, 1);
    for (int end = 0; end < 2; end++) {
        world->stacks[end] = make_stack(world, end);
        world->free_count[end] = leat_pool_free_count(leat_pool(world->stacks[end]));
    }
    world->now_ns = second;
    world_wait(world, 10 * second); /* announcements */
    return world;
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Polls both ends; returns the time at which the next of them is due. */
static uint64_t poll_both(struct dns_world *world)
{
    uint64_t next_ns = LEAT_NEVER_NS;

    for (int end = 0; end < 2; end++)
        next_ns = earlier(next_ns, leat_poll(world->stacks[end], world->now_ns));
    for (int end = 0; end < 2; end++) { /* the second may have sent to the first */
        struct leat_netif *netif = leat_link_end(world->link, end);

        next_ns = earlier(next_ns, netif->ops->next_look_ns(netif, world->now_ns));
    }
    return next_ns;
}

bool world_run(struct dns_world *world, const bool *done, uint64_t limit_ns)
{
    const uint64_t end_ns = world->now_ns + limit_ns;

    while (!*done && world->now_ns < end_ns) {
        const uint64_t next_ns = earlier(poll_both(world), end_ns);

        if (!*done && next_ns > world->now_ns)
            world->now_ns = next_ns;
    }
    poll_both(world);
    return *done;
}

void world_wait(struct dns_world *world, uint64_t ns)
{
    const bool never = false;

    world_run(world, &never, ns);
}

void world_spoil(struct dns_world *world, uint32_t loss_per_m)
{
    const struct leat_link_faults faults = {.delay_ns = 5 * ms,
                                            .jitter_ns = 3 * ms,
                                            .loss_per_m = loss_per_m,
                                            .duplicate_per_m = loss_per_m / 4,
                                            .corrupt_per_m = loss_per_m / 4};

    leat_link_set_faults(world->link, 0, &faults);
    leat_link_set_faults(world->link, 1, &faults);
}

void world_destroy(struct dns_world *world)
{
    world_wait(world, 300 * second); /* TIME-WAIT */
    for (int end = 0; end < 2; end++) {
        assert_int_equal(leat_pool_free_count(leat_pool(world->stacks[end])),
                         world->free_count[end]);
        assert_true(leat_stats_balance(leat_stats(world->stacks[end])));
        leat_close(world->stacks[end]);
        free(world->memory[end]);
    }
    free(world->memory[2]);
    free(world);
}

void take_all_but(struct hog *hog, struct leat *stack, unsigned left)
{
    struct leat_buf *buf;

    while ((buf = leat_buf_alloc(leat_pool(stack), 0)))
        hog->bufs[hog->count++] = buf;
    while (left-- > 0)
        leat_buf_free(hog->bufs[--hog->count]);
}

void give_all(struct hog *hog)
{
    while (hog->count > 0)
        leat_buf_free(hog->bufs[--hog->count]);
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct datagrams *got = arg;

    (void)udp;
    (void)local;
    got->count++;
    got->peer = *peer;
    got->len = leat_buf_read(payload, 0, got->bytes, sizeof got->bytes);
    got->all_bytes += got->len;
    leat_buf_free(payload);
}

const struct leat_udp_events datagrams_events = {.on_datagram = on_datagram};

void world_expect_nodelay(const struct dns_world *world, int end)
{
    const struct leat_tcp *conn;
    uint32_t index = 0;
    unsigned count = 0;

    for (; (conn = leat_tcp_next(world->stacks[end], &index)); count++)
        assert_true(conn->flags & CONN_NODELAY);
    assert_true(count > 0);
}

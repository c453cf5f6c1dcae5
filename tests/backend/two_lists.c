/* two_lists.c -- a fake device: lists of frames to receive and of sent frames. */
#include "two_lists.h"

struct two_lists two_lists;

static uint32_t device_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    const unsigned count = two_lists.in_count < frames_max ? two_lists.in_count : frames_max;

    (void)netif, (void)now_ns, (void)pool;
    memcpy(frames, two_lists.in, count * sizeof *frames);
    two_lists.in_count -= count;
    memmove(two_lists.in, two_lists.in + count, two_lists.in_count * sizeof *frames);
    return count;
}

static uint32_t device_room(struct leat_netif *netif)
{
    (void)netif;
    return HELD_MAX - two_lists.out_count;
}

static void device_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    (void)netif, (void)now_ns;
    assert_true(two_lists.out_count + frame_count <= HELD_MAX);
    memcpy(two_lists.out + two_lists.out_count, frames, frame_count * sizeof *frames);
    two_lists.out_count += frame_count;
}

static uint64_t device_next_look(struct leat_netif *netif, uint64_t now_ns)
{
    (void)netif;
    return two_lists.in_count > 0 ? now_ns : LEAT_NEVER_NS;
}

static void device_close(struct leat_netif *netif)
{
    (void)netif;
    two_lists.closed++;
}

static const struct leat_netif_ops device_ops = {.receive = device_receive,
                                                 .transmit_room = device_room,
                                                 .transmit = device_transmit,
                                                 .next_look_ns = device_next_look,
                                                 .close = device_close};

void two_lists_open(uint32_t capabilities)
{
    memset(&two_lists, 0, sizeof two_lists);
    two_lists.netif = (struct leat_netif){.ops = &device_ops,
                                          .name = "two lists",
                                          .mac = {{2, 0, 0, 0, 0, 1}},
                                          .mtu = 1500,
                                          .capabilities = capabilities};
}

void two_lists_close(void)
{
    for (unsigned i = 0; i < two_lists.out_count; i++)
        leat_buf_free(two_lists.out[i]);
    for (unsigned i = 0; i < two_lists.in_count; i++)
        leat_buf_free(two_lists.in[i]);
}

struct leat *two_lists_stack(void **memory)
{
    struct leat_config config = leat_small_config();
    struct leat *stack;
    size_t bytes;

    config.seed[0] = 1;
    config.small_count = 64;
    bytes = leat_memory_bytes(&config);
    *memory = malloc(bytes);
    assert_int_equal(leat_init(&stack, *memory, bytes, &config), LEAT_OK);
    return stack;
}

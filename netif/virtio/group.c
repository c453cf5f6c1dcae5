/* group.c -- brings up several pairs of queues of one device, with RSS. */
#include "group.h"

#include <leat/assert.h>

#include <string.h>

enum {
    CONFIG_PAIRS_MAX = 8, /* virtio 1.2, 5.1.4 */
    CONFIG_KEY_BYTES_MAX = 17,
    CONFIG_TABLE_ENTRIES_MAX = 18,
    CONFIG_HASH_TYPES = 20,
    CLASS_MQ = 4, /* 5.1.6.5.5 */
    COMMAND_RSS = 1,
    HASH_TCP4 = 1 << 1, /* 5.1.6.4.3.1 */
    HASH_UDP4 = 1 << 2,
    HASH_TCP6 = 1 << 4,
    HASH_UDP6 = 1 << 5,
    HASHES = HASH_TCP4 | HASH_UDP4 | HASH_TCP6 | HASH_UDP6,
    ANSWER_NONE = 0xff,
    ANSWER_OK = 0, /* 5.1.6.5 */
    CONTROL_QUEUE_SIZE = 4,
    PAIR_OF_THE_REST = 0
};

static const uint64_t answer_max_ns = 1000000000; /* a host under load may be slow */

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

/* Writes the command: a head, and struct virtio_net_rss_config. */
static void write_command(struct virtio_group *group)
{
    uint8_t *at = group->command;

    *at++ = CLASS_MQ;
    *at++ = COMMAND_RSS;
    at = put16(at, HASHES);
    at = put16(at, 0);
    at = put16(at, FLOWS_TABLE_ENTRIES - 1);
    at = put16(at, PAIR_OF_THE_REST);
    for (unsigned i = 0; i < FLOWS_TABLE_ENTRIES; i++)
        at = put16(at, group->flows.table[i]);
    at = put16(at, group->count);
    *at++ = FLOWS_KEY_BYTES;
    leat_assert(at + FLOWS_KEY_BYTES == group->command + sizeof group->command);
    memcpy(at, group->flows.key, FLOWS_KEY_BYTES);
}

/* Sends the command and waits for the answer; NULL, or what is wrong. */
static const char *configure(struct virtio_group *group, uint16_t queue, struct leat_host *host)
{
    const struct virtqueue_piece pieces[] = {{group->command, sizeof group->command},
                                             {&group->answer, sizeof group->answer}};
    const struct virtqueue_pieces chain = {pieces, 2, 1};
    const uint64_t end_ns = host->now_ns(host) + answer_max_ns;
    struct virtio_device *device = &group->control_device;
    uint32_t len;

    group->answer = ANSWER_NONE;
    if (!virtqueue_add_mixed(&group->control, &chain, group))
        return "its control queue is too short for RSS";
    if (virtqueue_publish(&group->control))
        device->transport->notify(device, queue);
    while (!virtqueue_take(&group->control, &len)) {
        if (group->control.broken || host->now_ns(host) > end_ns)
            return "it does not answer on its control queue";
    }
    return group->answer == ANSWER_OK ? NULL : "it refuses to spread flows by RSS";
}

/* The number of pairs that the device can serve as flows.h wants; 0: none, for the reason *@why. */
static unsigned look_at_device(struct virtio_device *device, uint64_t features, unsigned wanted,
                               unsigned *pairs_max, const char **why)
{
    const uint64_t needed = VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_RSS;
    const uint32_t hashes = virtio_config_read16(device, CONFIG_HASH_TYPES);
    unsigned vectors;

    *pairs_max = virtio_config_read16(device, CONFIG_PAIRS_MAX);
    *why = "it has no RSS for TCP and UDP (QEMU: mq=on,rss=on)";
    if ((features & needed) != needed || (hashes & HASHES) != HASHES ||
        device->transport->config_read(device, CONFIG_KEY_BYTES_MAX) < FLOWS_KEY_BYTES ||
        virtio_config_read16(device, CONFIG_TABLE_ENTRIES_MAX) < FLOWS_TABLE_ENTRIES)
        return 0;
    *why = "it has one pair of queues (QEMU: mq=on, and queues=N of its -netdev)";
    if (*pairs_max < 2 || *pairs_max > VIRTIO_NET_PAIRS_MAX)
        return 0;
    if (wanted > *pairs_max)
        wanted = *pairs_max;
    *why = "it has no interrupt for each queue (QEMU: vectors=2N+2)";
    vectors = device->transport->spread ? device->transport->spread(device, wanted) : 0;
    return vectors < 2 ? 0 : vectors;
}

/* Opens the queues of all pairs, and the control queue, whose number is *@queue. */
static bool open_queues(struct virtio_group *group, unsigned pairs_max, uint16_t *queue,
                        const char **why)
{
    const struct leat_virtio *first = group->pairs[0];

    for (unsigned i = 0; i < group->count; i++) {
        struct leat_virtio *pair = group->pairs[i];

        pair->netif = first->netif;
        pair->netif.ops = &virtio_pair_ops;
        pair->features = first->features;
        pair->device = first->device;
        pair->device.vector_entry = (uint16_t)i;
        pair->number = (uint16_t)i;
        pair->group = group;
        if (!virtio_net_open_queues(pair, why))
            return false;
    }
    group->control_device = first->device;
    *queue = (uint16_t)(2 * pairs_max); /* 5.1.2: behind all pairs that the device has */
    *why = "it has no control queue";
    if (!virtio_queue_open(&group->control_device, *queue, &group->control, CONTROL_QUEUE_SIZE,
                           first->features, 0))
        return false;
    virtqueue_disarm(&group->control); /* it is waited for */
    return true;
}

static bool start(struct virtio_group *group, uint16_t mtu, bool no_offload,
                  const uint8_t key[FLOWS_KEY_BYTES], struct leat_host *host, const char **why)
{
    struct leat_virtio *first = group->pairs[0];
    unsigned pairs_max;
    uint16_t queue;

    if (virtio_net_prepare(first, VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_RSS, mtu, no_offload, why))
        return false;
    group->count = look_at_device(&first->device, first->features, group->count, &pairs_max, why);
    if (group->count == 0)
        return false;
    virtio_flows_init(&group->flows, key, group->count);
    if (!open_queues(group, pairs_max, &queue, why))
        return false;
    write_command(group);
    virtio_begin(&first->device);
    *why = configure(group, queue, host);
    return *why == NULL;
}

bool virtio_group_start(struct virtio_group *group, uint16_t mtu, bool no_offload,
                        const uint8_t key[FLOWS_KEY_BYTES], struct leat_host *host,
                        const char **why)
{
    leat_assert(group->count <= LEAT_VIRTIO_PAIRS_MAX);
    if (start(group, mtu, no_offload, key, host, why))
        return true;
    /* Whatever it was told of memory, it forgets. */
    virtio_reset(&group->pairs[0]->device);
    group->pairs[0]->group = NULL;
    return false;
}

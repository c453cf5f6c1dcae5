/*
 * open.c -- opens the virtio devices of a bare machine: for the network, blocks, and entropy.
 *
 * All are found and negotiated in the same way. That for entropy is waited for, so it needs no
 * interrupt and no buffers of the pool.
 */
#include "block.h"
#include "group.h"

#include <string.h>

enum {
    RNG_BYTES = 64, /* of one answer */
    RNG_QUEUE_SIZE = 2
};

static const uint64_t rng_wait_ns = 1000000000; /* a host under load may be slow */

/* A random address, one station's, locally administered (IEEE 802-2014 8.2). */
static enum leat_err random_mac(struct leat_host *host, struct leat_mac *mac)
{
    const enum leat_err err = host->entropy(host, mac->octet, sizeof mac->octet);

    mac->octet[0] = (uint8_t)((mac->octet[0] & 0xfcu) | 0x02u);
    return err;
}

/* Zeroed memory; NULL: there isn't so much. */
static void *take_zeroed(const struct leat_virtio_config *config, size_t bytes)
{
    void *made = leat_metal_take(config->metal, bytes);

    return made ? memset(made, 0, bytes) : NULL;
}

/* Finds the device, in memory of its own. */
static enum leat_err find(struct leat_virtio **virtio, const struct leat_virtio_config *config,
                          const char **why)
{
    struct leat_virtio *made = take_zeroed(config, sizeof *made);

    *why = "no memory for its queues";
    if (!made)
        return LEAT_ERR_MEMORY;
    *why = LEAT_RESERVED_WHY;
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    *why = "there is no virtio-net device of virtio 1: attach one";
    if (!virtio_find(&made->device, VIRTIO_ID_NET, config->number, config->metal->command_line,
                     why))
        return LEAT_ERR_NOT_FOUND;
    *virtio = made;
    return LEAT_OK;
}

static enum leat_err choose_mac(struct leat_virtio *virtio, const struct leat_virtio_config *config,
                                const char **why)
{
    struct leat_mac *mac = &virtio->netif.mac;
    enum leat_err err = LEAT_OK;

    *why = "no entropy for a random MAC address";
    if (config->mac)
        *mac = *config->mac;
    else if (!(virtio->features & VIRTIO_NET_F_MAC))
        err = random_mac(config->metal->host, mac);
    if (err)
        return err;
    *why = "the MAC address must be one station's (first octet even)";
    /* A group's address as a source would be dropped by every bridge. */
    return mac->octet[0] & 1 ? LEAT_ERR_ARGUMENT : LEAT_OK;
}

enum leat_err leat_virtio_open(struct leat_virtio **virtio, const struct leat_virtio_config *config,
                               const char **why)
{
    struct leat_virtio *made;
    enum leat_err err = find(&made, config, why);

    if (!err)
        err = virtio_net_start(made, config->mtu, config->no_offload, why);
    if (!err)
        err = choose_mac(made, config, why);
    if (!err)
        *virtio = made;
    return err;
}

/* A group of @count pairs around the device that was found.  NULL: no memory. */
static struct virtio_group *make_group(struct leat_virtio *first, unsigned count,
                                       const struct leat_virtio_config *config)
{
    struct virtio_group *group = take_zeroed(config, sizeof *group);

    if (!group)
        return NULL;
    group->count = count;
    group->wake = leat_metal_wake;
    group->pairs[0] = first;
    for (unsigned i = 1; i < count; i++) {
        group->pairs[i] = take_zeroed(config, sizeof *group->pairs[i]);
        if (!group->pairs[i])
            return NULL;
    }
    group->hands = take_zeroed(config, (size_t)count * count * sizeof *group->hands);
    return group->hands ? group : NULL;
}

enum leat_err leat_virtio_open_pairs(struct leat_virtio **pairs, unsigned *count,
                                     const struct leat_virtio_config *config, const char **why)
{
    struct leat_host *host = config->metal->host;
    uint8_t key[FLOWS_KEY_BYTES];
    struct virtio_group *group;
    const char *alone = NULL;
    enum leat_err err;

    if (*count < 2 || *count > LEAT_VIRTIO_PAIRS_MAX) {
        *why = "2 to LEAT_VIRTIO_PAIRS_MAX stacks";
        return LEAT_ERR_ARGUMENT;
    }
    err = find(&pairs[0], config, why);
    if (err)
        return err;
    *why = "no memory for its queues";
    group = make_group(pairs[0], *count, config);
    if (!group)
        return LEAT_ERR_MEMORY;
    *why = "no entropy for the key of the hash";
    err = host->entropy(host, key, sizeof key);
    if (err)
        return err;
    *count = 1;
    if (virtio_group_start(group, config->mtu, config->no_offload, key, host, &alone)) {
        *count = group->count;
        alone = NULL;
    } else {
        err = virtio_net_start(pairs[0], config->mtu, config->no_offload, why);
    }
    if (!err)
        err = choose_mac(pairs[0], config, why);
    if (err)
        return err;
    for (unsigned i = 1; i < *count; i++) {
        pairs[i] = group->pairs[i];
        pairs[i]->netif.mac = pairs[0]->netif.mac;
    }
    *why = alone;
    return LEAT_OK;
}

enum leat_err leat_virtio_block_open(struct leat_virtio_block **block,
                                     const struct leat_virtio_block_config *config,
                                     const char **why)
{
    struct leat_virtio_block *made;
    enum leat_err err;

    *why = LEAT_RESERVED_WHY;
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    *why = "no memory for its queue";
    made = leat_metal_take(config->metal, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    *why = "there is no virtio-blk device of virtio 1: attach one";
    if (!virtio_find(&made->device, VIRTIO_ID_BLOCK, config->number, config->metal->command_line,
                     why))
        return LEAT_ERR_NOT_FOUND;
    err = virtio_block_start(made, why);
    if (!err)
        *block = made;
    return err;
}

struct rng {
    struct virtio_device device;
    struct virtqueue queue;
    struct leat_host *host;
    uint8_t bytes[RNG_BYTES];
};

/* Asks for up to RNG_BYTES; returns how many came.  A device without an answer costs a
 * second. */
static uint32_t rng_ask(struct rng *rng)
{
    const struct virtqueue_piece piece = {rng->bytes, sizeof rng->bytes};
    const uint64_t end_ns = rng->host->now_ns(rng->host) + rng_wait_ns;
    uint32_t len;

    if (!virtqueue_add(&rng->queue, &piece, 1, VIRTQUEUE_FROM_DEVICE, rng))
        return 0;
    if (virtqueue_publish(&rng->queue))
        rng->device.transport->notify(&rng->device, 0);
    /* A busy wait, because entropy is asked for rarely. The device may break the rules, or never
     * answer. */
    while (!virtqueue_take(&rng->queue, &len)) {
        if (rng->queue.broken || rng->host->now_ns(rng->host) > end_ns)
            return 0;
    }
    /* UINT32_MAX says that the device claims more than it was given room for. */
    return len <= sizeof rng->bytes ? len : 0;
}

static enum leat_err rng_read(void *arg, void *bytes, size_t len)
{
    struct rng *rng = arg;
    uint8_t *at = bytes;

    while (len > 0) {
        const uint32_t got = rng_ask(rng);
        const size_t here = got < len ? got : len;

        if (got == 0)
            return LEAT_ERR_ENTROPY;
        memcpy(at, rng->bytes, here);
        /* A seed must not stay where a later look into memory finds it. */
        memset(rng->bytes, 0, sizeof rng->bytes);
        at += here;
        len -= here;
    }
    return LEAT_OK;
}

enum leat_err leat_virtio_rng_use(struct leat_metal *metal)
{
    struct rng *rng = leat_metal_take(metal, sizeof *rng);
    uint64_t features;
    const char *why;

    if (!rng)
        return LEAT_ERR_MEMORY;
    memset(rng, 0, sizeof *rng);
    rng->host = metal->host;
    if (!virtio_find(&rng->device, VIRTIO_ID_ENTROPY, 0, metal->command_line, &why))
        return LEAT_ERR_NOT_FOUND;
    if (!virtio_negotiate(&rng->device, 0, &features, &why) ||
        !virtio_queue_open(&rng->device, 0, &rng->queue, RNG_QUEUE_SIZE, features, 0))
        return LEAT_ERR_DEVICE;
    virtqueue_disarm(&rng->queue); /* it is waited for */
    virtio_begin(&rng->device);
    leat_metal_entropy_from(rng_read, rng);
    return LEAT_OK;
}

/*
 * queues.c -- opens the queues of a TAP device, and returns each IPv4 frame by the queue it came
 * from, with addresses and ports swapped. At the end it prints the number of frames per queue.
 *
 *      queues TAP COUNT [FIRST [QUEUES]]
 *
 * COUNT queues of QUEUES (COUNT), from FIRST (0) on; COUNT 0 opens the device as one without
 * queues.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>
#include <leat/posix.h>
#include <leat/tap.h>

enum {
    QUEUES_MAX = 12,
    BURST = 16,
    ETHERNET_AT = 0,
    IPV4_AT = 26,
    PORTS_AT = 34,
    LEAST = 42
};

struct queue {
    struct leat_tap *tap;
    struct leat_netif *netif;
    unsigned long frames;
};

static struct queue queues[QUEUES_MAX];
static uint8_t block[8 << 20];
static char why[LEAT_WHY_BYTES];

static void swap(uint8_t *bytes, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        const uint8_t byte = bytes[i];

        bytes[i] = bytes[i + len];
        bytes[i + len] = byte;
    }
}

static void reflect(struct queue *queue, struct leat_pool *pool, uint64_t now_ns)
{
    const struct leat_netif_ops *ops = queue->netif->ops;
    struct leat_buf *frames[BURST];
    const uint32_t count = ops->receive(queue->netif, now_ns, pool, frames, BURST);

    for (uint32_t i = 0; i < count; i++) {
        uint8_t *bytes = frames[i]->data;

        if (frames[i]->len < LEAST || bytes[12] != 8 || bytes[13] != 0) {
            leat_buf_free(frames[i]);
            continue;
        }
        swap(bytes + ETHERNET_AT, 6);
        swap(bytes + IPV4_AT, 4);
        swap(bytes + PORTS_AT, 2); /* swapping changes no checksum */
        queue->frames++;
        ops->transmit(queue->netif, now_ns, &frames[i], 1);
    }
}

static void reflect_all(struct leat_posix *posix, unsigned count, struct leat_pool *pool)
{
    struct leat_host *host = leat_posix_host(posix);

    do {
        for (unsigned i = 0; i < count; i++)
            reflect(&queues[i], pool, host->now_ns(host));
    } while (host->wait(host, LEAT_NEVER_NS));
}

/* Opens @count queues; false after it has printed an error. */
static bool open_all(struct leat_tap_config *device, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        enum leat_err err;

        device->queue = (uint16_t)(first + i);
        err = leat_tap_open(&queues[i].tap, device, why);
        if (err) {
            printf("%s: %s\n", leat_err_text(err), why);
            return false;
        }
        queues[i].netif = leat_tap_netif(queues[i].tap);
    }
    return true;
}

int main(int argc, char **argv)
{
    const unsigned queue_count = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    const unsigned count = queue_count ? queue_count : 1;
    const unsigned first = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    struct leat_config config = {.seed = {1}};
    struct leat_tap_config device = {.device = argc > 1 ? argv[1] : NULL,
                                     .queues =
                                         (uint16_t)(argc > 4 ? atoi(argv[4]) : (int)queue_count),
                                     .no_offload = true};
    struct leat *stack; /* for its pool */
    bool good;

    if (count > QUEUES_MAX || leat_init(&stack, block, sizeof block, &config) ||
        leat_posix_open(&device.posix))
        return 2;
    good = open_all(&device, first, count);
    if (good) {
        puts("ready");
        fflush(stdout);
        reflect_all(device.posix, count, leat_pool(stack));
    }
    for (unsigned i = 0; i < count; i++) {
        if (good)
            printf("queue %u: %lu frames\n", i, queues[i].frames);
        leat_tap_close(queues[i].tap);
    }
    leat_posix_close(device.posix);
    return good ? 0 : 1;
}

/*
 * xdp_queues.c -- opens queues of a network device by AF_XDP, and returns each IPv4 datagram by the
 * queue it came from, with addresses and ports swapped. It prints the destination of each received
 * IPv6 frame, and at the end the number of datagrams per queue.
 *
 *      xdp_queues DEVICE COUNT ADDRESS [all] [IPV6]...
 *
 * Ours are ADDRESS and the next COUNT - 1, and each IPV6 by leat_xdp_take().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>
#include <leat/posix.h>
#include <leat/xdp.h>

enum {
    QUEUES_MAX = 4,
    BLOCK_BYTES = 4 << 20, /* of whole pages */
    PAGE_BYTES = 4096,
    BURST = 16,
    ETHERNET_AT = 0,
    TYPE_AT = 12,
    IPV4_AT = 26,
    PORTS_AT = 34,
    IPV6_DESTINATION_AT = 38,
    LEAST = 42,
    IPV6_LEAST = 54
};

struct queue {
    struct leat_xdp *xdp;
    struct leat_netif *netif;
    struct leat *stack; /* for its pool */
    void *memory;
    unsigned long datagrams;
};

static struct queue queues[QUEUES_MAX];
static char why[LEAT_WHY_BYTES];

static void swap(uint8_t *bytes, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        const uint8_t byte = bytes[i];

        bytes[i] = bytes[i + len];
        bytes[i + len] = byte;
    }
}

static void name_destination(const uint8_t *bytes)
{
    char text[LEAT_IP_TEXT_BYTES];
    struct leat_ip ip;

    memcpy(ip.bytes, bytes + IPV6_DESTINATION_AT, sizeof ip.bytes);
    leat_ip_format(ip, text);
    printf("came: %s\n", text);
    fflush(stdout);
}

/* Takes @frame. */
static void handle(struct queue *queue, struct leat_buf *frame, uint64_t now_ns)
{
    uint8_t *bytes = frame->data;

    if (frame->len >= LEAST && bytes[TYPE_AT] == 0x08 && bytes[TYPE_AT + 1] == 0x00) {
        swap(bytes + ETHERNET_AT, 6);
        swap(bytes + IPV4_AT, 4);
        swap(bytes + PORTS_AT, 2); /* swapping changes no checksum */
        queue->datagrams++;
        queue->netif->ops->transmit(queue->netif, now_ns, &frame, 1);
        return;
    }
    if (frame->len >= IPV6_LEAST && bytes[TYPE_AT] == 0x86 && bytes[TYPE_AT + 1] == 0xdd)
        name_destination(bytes);
    leat_buf_free(frame);
}

static uint64_t look(struct queue *queue, uint64_t now_ns)
{
    const struct leat_netif_ops *ops = queue->netif->ops;
    struct leat_buf *frames[BURST];
    const uint32_t count =
        ops->receive(queue->netif, now_ns, leat_pool(queue->stack), frames, BURST);

    for (uint32_t i = 0; i < count; i++)
        handle(queue, frames[i], now_ns);
    return ops->next_look_ns(queue->netif, now_ns);
}

static void run(struct leat_posix *posix, unsigned count)
{
    struct leat_host *host = leat_posix_host(posix);
    uint64_t next_ns;

    do {
        next_ns = LEAT_NEVER_NS;
        for (unsigned i = 0; i < count; i++) {
            const uint64_t due_ns = look(&queues[i], host->now_ns(host));

            next_ns = due_ns < next_ns ? due_ns : next_ns;
        }
    } while (host->wait(host, next_ns));
}

/* False after it has printed an error. */
static bool open_queue(struct leat_xdp_config *device, unsigned number)
{
    const struct leat_config config = {.seed = {1}};
    struct queue *queue = &queues[number];
    enum leat_err err;

    queue->memory = aligned_alloc(PAGE_BYTES, BLOCK_BYTES);
    if (!queue->memory || leat_init(&queue->stack, queue->memory, BLOCK_BYTES, &config)) {
        puts("no memory");
        return false;
    }
    device->memory = queue->memory;
    device->memory_bytes = BLOCK_BYTES;
    device->queue = number;
    device->first = number > 0 ? queues[0].xdp : NULL;
    err = leat_xdp_open(&queue->xdp, device, why);
    if (err) {
        printf("%s: %s\n", leat_err_text(err), why);
        return false;
    }
    queue->netif = leat_xdp_netif(queue->xdp);
    return true;
}

static bool take(unsigned count, const char *word)
{
    struct leat_ip ip;

    /* any queue will do, because they share a filter */
    return leat_ip_parse(word, &ip) && !leat_xdp_take(queues[count - 1].xdp, ip);
}

int main(int argc, char **argv)
{
    const unsigned count = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
    struct leat_xdp_config device = {.ip_count = count};
    bool good = count >= 1 && count <= QUEUES_MAX && leat_ip_parse(argv[3], &device.ip);
    int next = 4;

    if (!good || leat_posix_open(&device.posix))
        return 2;
    device.device = argv[1];
    if (next < argc && strcmp(argv[next], "all") == 0) {
        device.all = true;
        next++;
    }
    for (unsigned i = 0; i < count && good; i++)
        good = open_queue(&device, i);
    for (; next < argc && good; next++)
        good = take(count, argv[next]);
    for (unsigned i = 0; i < count && good; i++)
        look(&queues[i], 0); /* gives it its first buffers */
    if (good) {
        puts("ready");
        fflush(stdout);
        run(device.posix, count);
    }
    for (unsigned i = count; i-- > 0;) { /* in reverse order */
        if (good)
            printf("queue %u: %lu datagrams\n", i, queues[i].datagrams);
        leat_xdp_close(queues[i].xdp);
        free(queues[i].memory);
    }
    leat_posix_close(device.posix);
    return good ? 0 : 1;
}

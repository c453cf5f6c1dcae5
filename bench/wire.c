/* wire.c -- a wire between two stacks in one process that costs them nothing. */
#include "wire.h"

#include <string.h>

#include "gateway.h"

static uint32_t count(const struct wire_queue *queue)
{
    return queue->put - queue->taken;
}

static void put(struct wire_queue *queue, struct leat_buf *frame)
{
    queue->frames[queue->put++ % WIRE_FRAMES] = frame;
}

static struct leat_buf *take(struct wire_queue *queue)
{
    return queue->frames[queue->taken++ % WIRE_FRAMES];
}

/* The copy that a device would make by DMA. */
static inline void copy(struct leat_buf *to, const struct leat_buf *from)
{
    uint8_t *at = leat_buf_put(to, leat_buf_total(from));

    for (; from; at += from->len, from = from->next)
        memcpy(at, from->data, from->len);
}

/* The counts exclude functions by these names.  There is one for each end, because counting of one
 * end is switched by its own copies only. */
void client_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers);
void server_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers);

COUNTED void client_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers)
{
    copy(to, from);
    if (peers > 0)
        gateway_to_client(to->data);
}

COUNTED void server_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers)
{
    copy(to, from);
    if (peers > 0)
        gateway_to_server(to->data, peers);
}

static void free_sent(struct wire_end *end)
{
    while (count(&end->sent) > 0)
        leat_buf_free(take(&end->sent));
}

static uint32_t wire_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                             struct leat_buf **frames, uint32_t frames_max)
{
    struct wire_end *end = (struct wire_end *)netif;
    const bool checked = netif->capabilities & LEAT_NETIF_RX_CHECKSUM;
    uint32_t got = 0;

    (void)now_ns;
    while (got < frames_max && count(&end->arriving) > 0) {
        struct leat_buf *sent = end->arriving.frames[end->arriving.taken % WIRE_FRAMES];
        struct leat_buf *frame = leat_buf_alloc(pool, LEAT_BUF_HEADROOM);

        if (!frame)
            break;
        end->copy(frame, sent, end->wire->peers);
        frame->checksum = checked ? LEAT_CHECKSUM_VERIFIED : LEAT_CHECKSUM_UNKNOWN;
        put(&end->peer->sent, take(&end->arriving));
        frames[got++] = frame;
    }
    return got;
}

static uint32_t wire_transmit_room(struct leat_netif *netif)
{
    struct wire_end *end = (struct wire_end *)netif;

    free_sent(end);
    return WIRE_FRAMES - count(&end->peer->arriving);
}

static void wire_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    struct wire_end *end = (struct wire_end *)netif;

    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        const bool lost = end->wire->loss_per_m > 0 &&
                          wire_random(&end->wire->random, 1000000) < end->wire->loss_per_m;

        put(lost ? &end->sent : &end->peer->arriving, frames[i]);
    }
}

static uint64_t wire_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    return count(&((struct wire_end *)netif)->arriving) > 0 ? now_ns : LEAT_NEVER_NS;
}

static void wire_close(struct leat_netif *netif)
{
    free_sent((struct wire_end *)netif);
}

static const struct leat_netif_ops wire_ops = {
    .receive = wire_receive,
    .transmit_room = wire_transmit_room,
    .transmit = wire_transmit,
    .next_look_ns = wire_next_look_ns,
    .close = wire_close,
};

void wire_init(struct wire *wire, uint16_t mtu, bool offload)
{
    memset(wire, 0, sizeof *wire);
    wire->random = 88172645463325252u;
    for (unsigned i = 0; i < 2; i++) {
        struct wire_end *end = &wire->ends[i];

        end->wire = wire;
        end->netif.ops = &wire_ops;
        end->netif.name = i == 0 ? "wire0" : "wire1";
        end->netif.mac = (struct leat_mac){{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
        end->netif.mtu = mtu;
        end->netif.capabilities = LEAT_NETIF_GATHER;
        if (offload)
            end->netif.capabilities |= LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TX_CHECKSUM;
        end->copy = i == 0 ? client_copy : server_copy;
        end->peer = &wire->ends[1 - i];
    }
}

uint32_t wire_random(uint64_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 32) * limit >> 32);
}

void wire_interleave(struct wire_end *end)
{
    static struct leat_buf *waiting[WIRE_FRAMES];
    static uint32_t ranks[WIRE_FRAMES];      /* the frame is its flow's first, second, ... */
    static uint32_t ahead[WIRE_FRAMES + 1];  /* frames of lower ranks */
    static uint32_t of_flow[UINT16_MAX + 1]; /* frames that it has */
    const uint32_t all = count(&end->arriving);

    memset(ahead, 0, sizeof ahead);
    for (uint32_t i = 0; i < all; i++) {
        waiting[i] = take(&end->arriving);
        ranks[i] = of_flow[gateway_flow(waiting[i]->data)]++;
        ahead[ranks[i] + 1]++;
    }
    for (uint32_t rank = 0; rank < all; rank++)
        ahead[rank + 1] += ahead[rank];
    for (uint32_t i = 0; i < all; i++) {
        of_flow[gateway_flow(waiting[i]->data)] = 0;
        end->arriving.frames[(end->arriving.put + ahead[ranks[i]]++) % WIRE_FRAMES] = waiting[i];
    }
    end->arriving.put += all;
}

uint32_t wire_frames(const struct wire *wire)
{
    return count(&wire->ends[0].arriving) + count(&wire->ends[1].arriving);
}

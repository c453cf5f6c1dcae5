/* wire.c -- a wire between two stacks in one process that costs them nothing. */
#include "wire.h"

#include <string.h>

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

/* ---- addresses ---------------------------------------------------------------------------- */

enum { /* where things lie in a frame of IPv4 without options */
    TYPE_AT = 12,
    PROTOCOL_AT = 23,
    IP_SUM_AT = 24,
    SRC_AT = 26,
    DST_AT = 30,
    SRC_PORT_AT = 34,
    DST_PORT_AT = 36,
    UDP_SUM_AT = 40,
    TCP_SUM_AT = 50,
    FIRST_PORT = 10000, /* of the client */
    FIRST_SERVER_PORT = 7000,
    PORTS_A_SERVER_PORT = 10000
};

static const uint32_t first_peer = 0x0b000001; /* 11.0.0.1, and above */

static uint32_t get16_at(const uint8_t *at)
{
    return (uint32_t)(at[0] << 8 | at[1]);
}

static void put16_at(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 1624: the sum at @sum, when the address at @at becomes @to. */
static void update(uint8_t *sum, const uint8_t *at, const uint8_t *to)
{
    uint32_t value = (uint16_t)~get16_at(sum);

    for (unsigned i = 0; i < 4; i += 2)
        value += (uint16_t)~get16_at(at + i) + get16_at(to + i);
    value = (value >> 16) + (value & 0xffff);
    value += value >> 16;
    put16_at(sum, (uint16_t)~value);
}

/* Exchanges the address at @at, and what it is in the sums of. */
static void readdress(uint8_t *frame, unsigned at, const uint8_t to[4])
{
    uint8_t *const sum = frame + (frame[PROTOCOL_AT] == 6 ? TCP_SUM_AT : UDP_SUM_AT);

    update(frame + IP_SUM_AT, frame + at, to);
    if (frame[PROTOCOL_AT] == 6 || get16_at(sum) != 0)
        update(sum, frame + at, to);
    memcpy(frame + at, to, 4);
}

static bool is_translated(const uint8_t *frame)
{
    return get16_at(frame + TYPE_AT) == 0x0800 &&
           (frame[PROTOCOL_AT] == 6 || frame[PROTOCOL_AT] == 17);
}

/* What comes to the server is from one of @peers. */
static void translate_to_server(uint8_t *frame, uint32_t peers)
{
    const uint32_t server_port = get16_at(frame + DST_PORT_AT) - FIRST_SERVER_PORT;
    const uint32_t number =
        get16_at(frame + SRC_PORT_AT) - FIRST_PORT + server_port * PORTS_A_SERVER_PORT;
    const uint32_t ip = first_peer + number % peers;
    const uint8_t to[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8),
                           (uint8_t)ip};

    readdress(frame, SRC_AT, to);
}

static void translate_to_client(uint8_t *frame)
{
    static const uint8_t client[4] = {10, 0, 0, 1};

    readdress(frame, DST_AT, client);
}

/* What a device does by DMA. */
static inline void copy(struct leat_buf *to, const struct leat_buf *from)
{
    uint8_t *at = leat_buf_put(to, leat_buf_total(from));

    for (; from; at += from->len, from = from->next)
        memcpy(at, from->data, from->len);
}

/* By these names the counts leave it out: one for each end, as what is counted of one end goes on
 * and off with its own copies only. */
void client_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers);
void server_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers);

COUNTED void client_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers)
{
    copy(to, from);
    if (peers > 0 && is_translated(to->data))
        translate_to_client(to->data);
}

COUNTED void server_copy(struct leat_buf *to, const struct leat_buf *from, uint32_t peers)
{
    copy(to, from);
    if (peers > 0 && is_translated(to->data))
        translate_to_server(to->data, peers);
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

/* Where the frame's flow is counted: by its source port, whatever it is a frame of. */
static uint32_t flow_of(const struct leat_buf *frame)
{
    return get16_at(frame->data + SRC_PORT_AT);
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
        ranks[i] = of_flow[flow_of(waiting[i])]++;
        ahead[ranks[i] + 1]++;
    }
    for (uint32_t rank = 0; rank < all; rank++)
        ahead[rank + 1] += ahead[rank];
    for (uint32_t i = 0; i < all; i++) {
        of_flow[flow_of(waiting[i])] = 0;
        end->arriving.frames[(end->arriving.put + ahead[ranks[i]]++) % WIRE_FRAMES] = waiting[i];
    }
    end->arriving.put += all;
}

uint32_t wire_frames(const struct wire *wire)
{
    return count(&wire->ends[0].arriving) + count(&wire->ends[1].arriving);
}

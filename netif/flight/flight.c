/*
 * flight.c -- a ring of the last frames.
 *
 * An entry never wraps around the end of the ring: the rest in front of the end is skipped.  Old
 * entries are dropped one after the other until the new one fits, so recording takes bounded time.
 */
#include <leat/assert.h>
#include <leat/flight.h>

#include <string.h>

#include "../pcap/pcapng.h"

enum {
    ALIGN = 8,
    SNAP_SHARE = 8, /* no frame takes more than this part of the ring */
    HEX_LINE = 32   /* bytes */
};

struct entry {
    uint64_t time_ns;
    uint32_t wire_bytes;
    uint32_t captured_bytes;
    uint32_t direction; /* enum pcapng_direction; SKIP: continue at the ring's start */
    uint32_t reserved;
};

enum {
    SKIP = 0xff
};

struct leat_flight {
    struct leat_netif netif; /* first: the inner one's facts, our functions */
    struct leat_netif *inner;
    uint8_t *ring;
    uint32_t ring_bytes;
    uint32_t snap_bytes;
    uint32_t head; /* where the next entry goes */
    uint32_t tail; /* the oldest entry */
    uint32_t kept;
    bool paused;
    uint64_t seen;
};

_Static_assert(sizeof(struct entry) % ALIGN == 0, "entries stay aligned");

static struct leat_flight *flight_of(struct leat_netif *netif)
{
    return (struct leat_flight *)netif; /* its first member */
}

static uint32_t entry_bytes(uint32_t captured_bytes)
{
    return (uint32_t)sizeof(struct entry) + ((captured_bytes + ALIGN - 1) & ~(uint32_t)(ALIGN - 1));
}

/* Copied, because the ring's bytes have no type of their own. */
static struct entry entry_at(const struct leat_flight *flight, uint32_t at)
{
    struct entry entry;

    leat_debug_assert(at + sizeof entry <= flight->ring_bytes);
    memcpy(&entry, flight->ring + at, sizeof entry);
    return entry;
}

/* Where the entry behind @entry, which lies at @at, is or would be. */
static uint32_t entry_next(const struct leat_flight *flight, uint32_t at, const struct entry *entry)
{
    at = entry->direction == SKIP ? 0 : at + entry_bytes(entry->captured_bytes);
    return at + sizeof *entry > flight->ring_bytes ? 0 : at;
}

static void drop_oldest(struct leat_flight *flight)
{
    const struct entry oldest = entry_at(flight, flight->tail);

    leat_debug_assert(flight->kept > 0);
    flight->kept -= oldest.direction != SKIP;
    flight->tail = entry_next(flight, flight->tail, &oldest);
}

/* Makes @bytes free at the head. */
static void make_room(struct leat_flight *flight, uint32_t bytes)
{
    static const struct entry skip = {.direction = SKIP};

    leat_assert(bytes <= flight->ring_bytes);
    if (flight->head + bytes > flight->ring_bytes) { /* not enough before the end: go round */
        while (flight->kept > 0 && flight->tail >= flight->head)
            drop_oldest(flight);
        if (flight->head + sizeof skip <= flight->ring_bytes)
            memcpy(flight->ring + flight->head, &skip, sizeof skip);
        flight->head = 0;
    }
    /* Only entries that the new one would overwrite are dropped. */
    while (flight->kept > 0 && flight->tail >= flight->head && flight->tail < flight->head + bytes)
        drop_oldest(flight);
    if (flight->kept == 0)
        flight->tail = flight->head;
}

static void flight_put(struct leat_flight *flight, uint64_t now_ns, const struct leat_buf *frame,
                       enum pcapng_direction direction)
{
    struct entry entry = {.time_ns = now_ns, .wire_bytes = leat_buf_total(frame)};

    leat_debug_assert(flight->head % ALIGN == 0);
    flight->seen++;
    if (flight->paused)
        return;
    entry.direction = (uint32_t)direction;
    entry.captured_bytes =
        entry.wire_bytes < flight->snap_bytes ? entry.wire_bytes : flight->snap_bytes;
    make_room(flight, entry_bytes(entry.captured_bytes));
    memcpy(flight->ring + flight->head, &entry, sizeof entry);
    leat_buf_read(frame, 0, flight->ring + flight->head + sizeof entry, entry.captured_bytes);
    flight->head += entry_bytes(entry.captured_bytes);
    if (flight->head + sizeof entry > flight->ring_bytes)
        flight->head = 0;
    flight->kept++;
}

static uint32_t flight_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_flight *flight = flight_of(netif);
    struct leat_netif *inner = flight->inner;
    const uint32_t count = inner->ops->receive(inner, now_ns, pool, frames, frames_max);

    for (uint32_t i = 0; i < count; i++)
        flight_put(flight, now_ns, frames[i], PCAPNG_IN);
    return count;
}

static uint32_t flight_transmit_room(struct leat_netif *netif)
{
    struct leat_netif *inner = flight_of(netif)->inner;

    return inner->ops->transmit_room(inner);
}

static void flight_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    struct leat_flight *flight = flight_of(netif);
    struct leat_netif *inner = flight->inner;

    for (uint32_t i = 0; i < frame_count; i++)
        flight_put(flight, now_ns, frames[i], PCAPNG_OUT);
    inner->ops->transmit(inner, now_ns, frames, frame_count);
}

static uint64_t flight_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_netif *inner = flight_of(netif)->inner;

    return inner->ops->next_look_ns(inner, now_ns);
}

static void flight_close(struct leat_netif *netif)
{
    struct leat_netif *inner = flight_of(netif)->inner;

    inner->ops->close(inner);
}

static const struct leat_netif_ops flight_ops = {.receive = flight_receive,
                                                 .transmit_room = flight_transmit_room,
                                                 .transmit = flight_transmit,
                                                 .next_look_ns = flight_next_look_ns,
                                                 .close = flight_close};

struct leat_flight *leat_flight_init(void *memory, size_t bytes, struct leat_netif *inner,
                                     uint32_t snap_bytes)
{
    const size_t skew = (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    const size_t used = skew + sizeof(struct leat_flight);
    struct leat_flight *flight = (struct leat_flight *)(void *)((uint8_t *)memory + skew);

    if (bytes < LEAT_FLIGHT_BYTES_MIN)
        return 0;
    if (bytes > UINT32_MAX / 2) /* offsets have 32 bits */
        bytes = UINT32_MAX / 2;
    memset(flight, 0, sizeof *flight);
    flight->netif = *inner;
    flight->netif.ops = &flight_ops;
    flight->inner = inner;
    flight->ring = (uint8_t *)(flight + 1);
    flight->ring_bytes = (uint32_t)(bytes - used) & ~(uint32_t)(ALIGN - 1);
    flight->snap_bytes = flight->ring_bytes / SNAP_SHARE;
    if (snap_bytes > 0 && snap_bytes < flight->snap_bytes)
        flight->snap_bytes = snap_bytes;
    return flight;
}

struct leat_netif *leat_flight_netif(struct leat_flight *flight)
{
    return &flight->netif;
}

uint64_t leat_flight_seen(const struct leat_flight *flight)
{
    return flight->seen;
}

uint32_t leat_flight_kept(const struct leat_flight *flight)
{
    return flight->kept;
}

void leat_flight_pause(struct leat_flight *flight, bool paused)
{
    flight->paused = paused;
}

void leat_flight_dump(const struct leat_flight *flight,
                      void (*write)(void *arg, const void *bytes, size_t len), void *arg)
{
    uint8_t block[128]; /* comments would not fit: there are none */
    uint32_t next = flight->tail;

    write(arg, block, leat__pcapng_start(block, 0, flight->snap_bytes));
    /* Entries that skip the ring's end aren't counted in `kept`. */
    for (uint32_t left = flight->kept; left > 0;) {
        const uint32_t at = next;
        const struct entry entry = entry_at(flight, at);
        const struct pcapng_frame frame = {.time_ns = entry.time_ns,
                                           .captured_bytes = entry.captured_bytes,
                                           .wire_bytes = entry.wire_bytes,
                                           .direction = (enum pcapng_direction)entry.direction};

        next = entry_next(flight, at, &entry);
        if (entry.direction == SKIP)
            continue;
        leat__pcapng_frame_head(block, &frame);
        write(arg, block, PCAPNG_FRAME_HEAD_BYTES);
        write(arg, flight->ring + at + sizeof entry, entry.captured_bytes);
        write(arg, block, leat__pcapng_frame_tail(block, &frame));
        left--;
    }
}

/* A line of hex that is being filled. */
struct hex {
    struct leat_host *host;
    uint32_t count; /* bytes in the line */
    char line[8 + 2 * HEX_LINE + 1];
};

static void hex_flush(struct hex *hex)
{
    if (hex->count == 0)
        return;
    hex->line[8 + 2 * hex->count] = '\n';
    hex->host->console(hex->host, hex->line, 8 + 2 * hex->count + 1);
    hex->count = 0;
}

static void hex_write(void *arg, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    struct hex *hex = arg;

    for (size_t i = 0; i < len; i++) {
        hex->line[8 + 2 * hex->count] = digits[at[i] >> 4];
        hex->line[8 + 2 * hex->count + 1] = digits[at[i] & 15];
        if (++hex->count == HEX_LINE)
            hex_flush(hex);
    }
}

void leat_flight_dump_hex(const struct leat_flight *flight, struct leat_host *host)
{
    struct hex hex = {.host = host, .line = "flight: "};

    leat_flight_dump(flight, hex_write, &hex);
    hex_flush(&hex);
}

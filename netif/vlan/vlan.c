/*
 * vlan.c -- one device, and a netif for each VLAN on it (IEEE 802.1Q 9).
 *
 *      device -> receive() of the netif whose turn it is -> sorted by VLAN into the netifs' queues
 *             -> the frame without its tag
 *      netif  -> transmit(): the frame with its tag -> device
 *
 * The tag is 4 bytes behind both addresses.  In a received frame, the addresses move 4 bytes
 * towards the end and the view shrinks.  In a sent frame they move 4 bytes towards the start if no
 * other view shows its storage.  Otherwise the headers are copied to a buffer of their own, and the
 * payload stays where it is.
 */
#include <leat/assert.h>
#include <leat/vlan.h>

#include <string.h>

enum {
    ADDRESSES_BYTES = 12, /* of both stations, in front of the tag */
    HEADER_BYTES = 14,
    TAG_BYTES = 4,
    TYPE_TAGGED = 0x8100,
    TYPE_AT = 12,
    ID_MASK = 0xfff,
    ID_RESERVED = 0xfff, /* 9.6 */
    PRIORITY_SHIFT = 13,
    BATCH = 32, /* frames that are moved at a time */
    /* Ethernet, IPv4 with options, TCP with options: a device that completes checksums reads them
     * in the first piece */
    COPIED_BYTES = HEADER_BYTES + 60 + 60,
    QUEUE_FRAMES = 64,
    ALIGN = 16
};

struct member {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct leat_vlan *vlan;
    struct leat_buf *first, *last; /* received frames for it, joined by `queued` */
    uint32_t queued;
    uint16_t id;
    uint8_t priority;
    bool is_open;
};

struct leat_vlan {
    struct leat_netif *device;
    uint32_t queue_frames;
    uint32_t count;
    struct leat_vlan_counts counts;
    struct member members[LEAT_VLAN_NETIFS_MAX];
};

static struct member *member_of(struct leat_netif *netif)
{
    return (struct member *)netif; /* its first member */
}

static uint32_t get16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static struct member *find(struct leat_vlan *vlan, uint32_t id)
{
    for (uint32_t i = 0; i < vlan->count; i++)
        if (vlan->members[i].id == id)
            return &vlan->members[i];
    return NULL;
}

/* ---- In ---------------------------------------------------------------------------------------
 */

/* Removes the tag of @frame; returns its VLAN, or ID_RESERVED if it is malformed. */
static uint32_t take_tag(struct leat_buf *frame)
{
    uint32_t id;

    if (frame->len < HEADER_BYTES || get16(frame->data + TYPE_AT) != TYPE_TAGGED)
        return LEAT_VLAN_UNTAGGED; /* the stack counts one that is too short for Ethernet */
    if (frame->len < HEADER_BYTES + TAG_BYTES)
        return ID_RESERVED;
    id = get16(frame->data + HEADER_BYTES) & ID_MASK;
    memmove(frame->data + TAG_BYTES, frame->data, ADDRESSES_BYTES);
    leat_buf_pull(frame, TAG_BYTES);
    return id;
}

static void sort(struct leat_vlan *vlan, struct leat_buf *frame)
{
    const uint32_t id = take_tag(frame);
    struct member *member = find(vlan, id);

    if (id == ID_RESERVED) {
        vlan->counts.rx_malformed++;
    } else if (!member || !member->is_open) {
        vlan->counts.rx_unknown++;
        vlan->counts.last_unknown = (uint16_t)id;
    } else if (member->queued >= vlan->queue_frames) {
        vlan->counts.rx_overflowed++;
    } else {
        frame->queued = NULL;
        if (member->first)
            member->last->queued = frame;
        else
            member->first = frame;
        member->last = frame;
        member->queued++;
        return;
    }
    leat_buf_free(frame);
}

static uint32_t take_queued(struct member *member, struct leat_buf **frames, uint32_t frames_max)
{
    uint32_t count = 0;

    while (count < frames_max && member->first) {
        struct leat_buf *frame = member->first;

        member->first = frame->queued;
        frame->queued = NULL;
        member->queued--;
        frames[count++] = frame;
    }
    return count;
}

static uint32_t vlan_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                             struct leat_buf **frames, uint32_t frames_max)
{
    struct member *member = member_of(netif);
    struct leat_vlan *vlan = member->vlan;
    struct leat_buf *come[BATCH];
    const uint32_t count = take_queued(member, frames, frames_max);
    uint32_t batch;

    if (count == frames_max)
        return count; /* next_look_ns() asks for another turn */
    /* The device's frames may be for any of the netifs, so one netif's turn fills the queues of
     * all. */
    batch = vlan->device->ops->receive(vlan->device, now_ns, pool, come, BATCH);
    for (uint32_t i = 0; i < batch; i++)
        sort(vlan, come[i]);
    return count + take_queued(member, frames + count, frames_max - count);
}

static uint64_t vlan_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct member *member = member_of(netif);

    if (member->first)
        return now_ns;
    return member->vlan->device->ops->next_look_ns(member->vlan->device, now_ns);
}

/* ---- Out --------------------------------------------------------------------------------------
 */

/* True if the bytes of the first piece may move, and there are TAG_BYTES in front of it.  Lent
 * storage doesn't follow its descriptor. */
static bool has_room(const struct leat_buf *frame)
{
    return frame->owner->refs == 1 && frame->owner->start == (const uint8_t *)(frame->owner + 1) &&
           leat_buf_headroom(frame) >= TAG_BYTES;
}

/* The headers of @frame in a buffer of their own, with room in front, and the rest behind them.
 * Takes @frame; NULL: no buffer. */
static struct leat_buf *copy_headers(struct leat_buf *frame)
{
    const uint32_t len = frame->len < COPIED_BYTES ? frame->len : COPIED_BYTES;
    struct leat_buf *headers = leat_buf_alloc_small(frame->pool, TAG_BYTES);
    uint8_t *at = headers ? leat_buf_put(headers, len) : NULL;

    if (!at) {
        leat_buf_free(headers);
        leat_buf_free(frame);
        return NULL;
    }
    memcpy(at, frame->data, len);
    headers->checksum = frame->checksum;
    headers->segment_bytes = frame->segment_bytes;
    leat_buf_append(headers, leat_buf_consume(frame, len));
    return headers;
}

/* A copy of @frame in one piece, with room in front, for a device that does not gather. */
static struct leat_buf *copy_whole(struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    struct leat_buf *whole = leat_buf_alloc(frame->pool, TAG_BYTES);
    uint8_t *at = whole ? leat_buf_put(whole, total) : NULL;

    if (at) {
        leat_buf_read(frame, 0, at, total);
        whole->checksum = frame->checksum;
    } else {
        leat_buf_free(whole);
        whole = NULL;
    }
    leat_buf_free(frame);
    return whole;
}

/* Takes @frame and returns it with the tag of @member; NULL: no buffer. */
static struct leat_buf *put_tag(const struct member *member, struct leat_buf *frame)
{
    uint8_t *at;

    if (member->id == LEAT_VLAN_UNTAGGED)
        return frame;
    leat_debug_assert(frame->len >= HEADER_BYTES);
    if (!has_room(frame))
        frame = (member->netif.capabilities & LEAT_NETIF_GATHER) ? copy_headers(frame)
                                                                 : copy_whole(frame);
    if (!frame)
        return NULL;
    at = leat_buf_push(frame, TAG_BYTES);
    leat_assert(at); /* has_room(), or the copy has left it */
    memmove(at, at + TAG_BYTES, ADDRESSES_BYTES);
    put16(at + TYPE_AT, TYPE_TAGGED);
    put16(at + HEADER_BYTES, (uint32_t)member->priority << PRIORITY_SHIFT | member->id);
    return frame;
}

static void vlan_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    struct member *member = member_of(netif);
    struct leat_vlan *vlan = member->vlan;
    struct leat_buf *tagged[BATCH];
    uint32_t count = 0;

    for (uint32_t i = 0; i < frame_count; i++) {
        struct leat_buf *frame = put_tag(member, frames[i]);

        if (frame)
            tagged[count++] = frame;
        else
            vlan->counts.tx_no_memory++;
        if (count == BATCH || (count > 0 && i + 1 == frame_count)) {
            vlan->device->ops->transmit(vlan->device, now_ns, tagged, count);
            count = 0;
        }
    }
}

static uint32_t vlan_transmit_room(struct leat_netif *netif)
{
    struct leat_netif *device = member_of(netif)->vlan->device;

    return device->ops->transmit_room(device);
}

/* ---- Begin and end ----------------------------------------------------------------------------
 */

static void vlan_close(struct leat_netif *netif)
{
    struct member *member = member_of(netif);
    struct leat_vlan *vlan = member->vlan;
    struct leat_buf *frame;

    if (!member->is_open)
        return; /* twice is allowed */
    while (take_queued(member, &frame, 1) > 0)
        leat_buf_free(frame);
    member->is_open = false;
    for (uint32_t i = 0; i < vlan->count; i++)
        if (vlan->members[i].is_open)
            return;
    vlan->device->ops->close(vlan->device);
}

static const struct leat_netif_ops vlan_ops = {.receive = vlan_receive,
                                               .transmit_room = vlan_transmit_room,
                                               .transmit = vlan_transmit,
                                               .next_look_ns = vlan_next_look_ns,
                                               .close = vlan_close};

/* Headers that are copied take a piece beside the payload's. */
static struct leat_netif facts_of(const struct leat_netif *device,
                                  const struct leat_vlan_config *config)
{
    struct leat_netif facts = *device;

    facts.ops = &vlan_ops;
    if (!(device->capabilities & LEAT_NETIF_TAGGED))
        facts.capabilities &=
            ~(uint32_t)(LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TSO | LEAT_NETIF_TSO6);
    if (config->mtu > 0)
        facts.mtu = config->mtu;
    facts.gather_pieces =
        (uint16_t)((device->gather_pieces > 0 ? device->gather_pieces : LEAT_NETIF_GATHER_PIECES) -
                   1);
    if (device->super_bytes > TAG_BYTES) /* the limit covers the tag */
        facts.super_bytes = (uint16_t)(device->super_bytes - TAG_BYTES);
    return facts;
}

static bool is_possible(const struct leat_netif *device, const struct leat_vlan_config *config)
{
    if (LEAT_RESERVED_IS_USED(config) || config->member_count == 0 ||
        config->member_count > LEAT_VLAN_NETIFS_MAX || config->mtu > device->mtu)
        return false;
    for (uint32_t i = 0; i < config->member_count; i++) {
        const struct leat_vlan_member *member = &config->members[i];

        if (member->id > LEAT_VLAN_ID_MAX || member->priority > LEAT_VLAN_PRIORITY_MAX)
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (config->members[k].id == member->id)
                return false;
    }
    return true;
}

size_t leat_vlan_memory_bytes(void)
{
    return sizeof(struct leat_vlan) + ALIGN;
}

enum leat_err leat_vlan_init(struct leat_vlan **vlan, struct leat_netif *device, void *memory,
                             size_t bytes, const struct leat_vlan_config *config)
{
    const size_t skip = (size_t)(-(uintptr_t)memory & (ALIGN - 1));
    struct leat_vlan *made;

    if (!is_possible(device, config))
        return LEAT_ERR_ARGUMENT;
    if (!memory || bytes < leat_vlan_memory_bytes())
        return LEAT_ERR_MEMORY;
    made = (struct leat_vlan *)(void *)((uint8_t *)memory + skip);
    memset(made, 0, sizeof *made);
    made->device = device;
    made->queue_frames = config->queue_frames > 0 ? config->queue_frames : QUEUE_FRAMES;
    made->count = config->member_count;
    for (uint32_t i = 0; i < made->count; i++)
        made->members[i] = (struct member){.netif = facts_of(device, config),
                                           .vlan = made,
                                           .id = config->members[i].id,
                                           .priority = config->members[i].priority,
                                           .is_open = true};
    *vlan = made;
    return LEAT_OK;
}

struct leat_netif *leat_vlan_netif(struct leat_vlan *vlan, uint16_t id)
{
    struct member *member = find(vlan, id);

    return member ? &member->netif : NULL;
}

const struct leat_vlan_counts *leat_vlan_counts(const struct leat_vlan *vlan)
{
    return &vlan->counts;
}

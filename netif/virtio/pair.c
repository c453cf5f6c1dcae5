/*
 * pair.c -- the netif of one of several pairs of queues: the frames of its queue that are its own,
 * and those that other processors hand to it.
 */
#include "group.h"

#include <leat/assert.h>

_Static_assert(LEAT_VIRTIO_PAIRS_MAX <= 32, "a bit for each, in a word");

static struct virtio_hand *hand_of(const struct virtio_group *group, unsigned from, unsigned to)
{
    return &group->hands[from * group->count + to];
}

/* Hands a copy to the stack of pair @to; adds it to the pairs that have to be woken. */
static void hand_on(struct leat_virtio *virtio, unsigned to, const struct leat_buf *frame,
                    uint32_t *woken)
{
    leat_debug_assert(to != virtio->number);
    if (virtio_hand_put(hand_of(virtio->group, virtio->number, to), frame)) {
        virtio->counters.rx_handed++;
        *woken |= UINT32_C(1) << to;
    } else {
        virtio->counters.rx_unhanded++;
    }
}

/* True if this pair's stack gets @frame; else it has been freed, and its owner has a copy. */
static bool sort(struct leat_virtio *virtio, struct leat_buf *frame, uint32_t *woken)
{
    const struct virtio_group *group = virtio->group;
    unsigned owner = virtio_flows_owner(&group->flows, frame->data, frame->len);

    if (owner == FLOWS_EVERYONE && virtio->number == 0) {
        for (unsigned i = 1; i < group->count; i++)
            hand_on(virtio, i, frame, woken);
        return true;
    }
    if (owner == virtio->number)
        return true;
    if (owner == FLOWS_EVERYONE)
        owner = 0; /* it distributes them */
    if (owner == FLOWS_NOBODY)
        virtio->counters.rx_unowned++;
    else
        hand_on(virtio, owner, frame, woken);
    leat_buf_free(frame);
    return false;
}

/* Takes frames that others have handed to this pair. */
static uint32_t take_handed(struct leat_virtio *virtio, struct leat_pool *pool,
                            struct leat_buf **frames, uint32_t frames_max, uint32_t *woken)
{
    const struct virtio_group *group = virtio->group;
    uint32_t count = 0;

    for (unsigned from = 0; from < group->count; from++) {
        struct virtio_hand *hand = hand_of(group, from, virtio->number);

        /* bounded: a writer may add frames meanwhile */
        for (unsigned i = 0; i < HAND_SLOTS && count < frames_max; i++) {
            struct leat_buf *frame = virtio_hand_take(hand, pool);

            if (!frame)
                break;
            /* Those for everyone, which came to another queue, go on from pair 0 only. */
            if (virtio->number > 0 || sort(virtio, frame, woken))
                frames[count++] = frame;
        }
    }
    return count;
}

static void wake(const struct virtio_group *group, uint32_t woken)
{
    for (unsigned i = 0; woken != 0; i++, woken >>= 1) {
        if (woken & 1)
            group->wake(i);
    }
}

static uint32_t pair_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                             struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_virtio *virtio = virtio_of(netif);
    uint32_t woken = 0;
    /* the first half is for handed ones, so that neither kind keeps the other back */
    uint32_t count = take_handed(virtio, pool, frames, (frames_max + 1) / 2, &woken);
    const uint32_t end =
        count + virtio_net_receive(netif, now_ns, pool, frames + count, frames_max - count);

    for (uint32_t i = count; i < end; i++) {
        if (sort(virtio, frames[i], &woken))
            frames[count++] = frames[i];
    }
    wake(virtio->group, woken);
    return count;
}

/* A connection that this stack opens is answered at the pair that owns its flow.  If that is
 * another one, its stack would answer the SYN-ACK with a RST, so the SYN isn't sent. */
static void pair_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    struct leat_virtio *virtio = virtio_of(netif);
    uint32_t count = 0;

    for (uint32_t i = 0; i < frame_count; i++) {
        const unsigned pair =
            virtio_flows_answered(&virtio->group->flows, frames[i]->data, frames[i]->len);

        if (pair == virtio->number || pair == FLOWS_EVERYONE) {
            frames[count++] = frames[i];
        } else {
            virtio->counters.tx_elsewhere++;
            leat_buf_free(frames[i]);
        }
    }
    virtio_net_transmit(netif, now_ns, frames, count);
}

static uint64_t pair_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct leat_virtio *virtio = virtio_of(netif);
    const uint64_t next_ns = virtio_net_next_look_ns(netif, now_ns);

    /* Each writer interrupts this processor after it has written, so a frame that comes behind
     * this look ends the wait. */
    for (unsigned from = 0; from < virtio->group->count; from++) {
        if (virtio_hand_has(hand_of(virtio->group, from, virtio->number)))
            return now_ns;
    }
    return next_ns;
}

bool leat_virtio_is_answered(const struct leat_virtio *virtio, const struct leat_endpoint *local,
                             const struct leat_endpoint *remote)
{
    return !virtio->group ||
           virtio_flows_pair(&virtio->group->flows, local, remote) == virtio->number;
}

const struct leat_netif_ops virtio_pair_ops = {.receive = pair_receive,
                                               .transmit_room = virtio_net_transmit_room,
                                               .transmit = pair_transmit,
                                               .next_look_ns = pair_next_look_ns,
                                               .close = virtio_net_close};
